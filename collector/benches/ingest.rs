//! Durable acknowledged samples per second, and what each part of it costs.
//!
//! `cargo bench -p collector --bench ingest [-- DIRECTORY]`. In process: eight agents, each with its
//! batches of 500 samples signed beforehand; verified, decompressed, chained, committed with one synced
//! transaction per group, derived, acknowledged. HTTP and TLS are not in it. Bare fdatasyncs of the same
//! disk run between the rounds. Without a directory, one beside the build's own: a temporary one may be
//! memory, where a sync costs nothing and proves nothing.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod load;

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use collector::compact::merge_days;
use collector::ingest::{Arrived, Ingest, Verdict};
use collector::store::{BatchRow, SqliteStore, Store, Write};
use collector_api::{Batch, PublicKey, unpack_groups};
use collector_derive::{Accepted, StreamState, step};
use config::AgentId;
use load::{Outcome, Prepared, SAMPLES, median};

const AGENTS: u8 = 8;
const BATCHES: u32 = 400;
const ROUNDS: usize = 5;
const SYNCS: u32 = 300;
const BEGIN_MS: i64 = 1_772_323_200_000;
const DAY_MS: i64 = 86_400_000;

fn main() -> Outcome<()> {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let home =
        tempfile::tempdir_in(named.as_deref().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR"))))?;
    let prepared: Arc<Vec<Prepared>> =
        Arc::new((0..AGENTS).map(|n| load::prepare(n, BEGIN_MS, BATCHES)).collect::<Outcome<_>>()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let samples = f64::from(AGENTS) * f64::from(BATCHES) * f64::from(SAMPLES);
    println!(
        "{AGENTS} agents x {BATCHES} batches x {SAMPLES} samples, median of {ROUNDS} rounds, in {}",
        home.path().display()
    );

    let (mut rates, mut syncs, mut commits) = (Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        let state = home.path().join(format!("round-{round}"));
        std::fs::create_dir(&state)?;
        syncs.push(f64::from(SYNCS) / bare(&home.path().join("bare"))?.as_secs_f64());
        let (took, made) = runtime.block_on(deliver(&state, Arc::clone(&prepared)))?;
        rates.push(samples / took.as_secs_f64());
        commits = made;
    }
    let (rate, sync) = (median(&mut rates), median(&mut syncs));
    println!("\n{rate:>12.0} samples acknowledged per second, each synced before");
    println!("{:>12.0} samples a commit", samples / f64::from(u32::try_from(commits)?));
    println!("{:>12.0} commits per second", rate / samples * f64::from(u32::try_from(commits)?));
    println!("{sync:>12.0} bare fdatasyncs of 64 KiB per second");

    parts(&prepared, &home.path().join("parts"))?;
    runtime.block_on(sizes(&home.path().join("round-0"), samples))
}

/// Everything from the request's bytes to the acknowledgement.
async fn deliver(state: &Path, prepared: Arc<Vec<Prepared>>) -> Outcome<(Duration, u64)> {
    let ingest = Arc::new(Ingest::start(Box::new(SqliteStore::open(state)?), step)?);
    let requests: Vec<Vec<Vec<u8>>> = prepared
        .iter()
        .map(|agent| agent.batches.iter().map(prost::Message::encode_to_vec).collect())
        .collect();
    let mut agents = tokio::task::JoinSet::new();
    let began = Instant::now();
    for (n, requests) in requests.into_iter().enumerate() {
        let (ingest, prepared) = (Arc::clone(&ingest), Arc::clone(&prepared));
        agents.spawn(async move {
            let Prepared { agent, key, .. } = &prepared[n];
            let key = key.public();
            for request in requests {
                let arrived = open(&request, agent, &key).map_err(|error| error.to_string())?;
                match ingest.accept(arrived).await.map_err(|error| error.to_string())? {
                    Verdict::Acknowledged(_) => {}
                    other => return Err(format!("{other:?}")),
                }
            }
            Ok::<_, String>(())
        });
    }
    while let Some(ended) = agents.join_next().await {
        ended??;
    }
    let took = began.elapsed();
    let commits = ingest.known().counters.commits.load(Ordering::Relaxed);
    let samples = ingest.known().counters.samples.load(Ordering::Relaxed);
    assert_eq!(samples, u64::from(AGENTS) * u64::from(BATCHES) * u64::from(SAMPLES));
    ingest.close().await?;
    Ok((took, commits))
}

fn open(request: &[u8], agent: &AgentId, key: &PublicKey) -> Outcome<Arrived> {
    let batch = Batch::read(request)?;
    let header = batch.check_header()?;
    batch.verify(&header, key)?;
    let groups = batch.open_body(&header)?;
    let received_ms = batch.clock.sent_ms + 1;
    Ok(Arrived { agent: agent.clone(), batch, header, groups, received_ms })
}

/// Each part alone, on one thread.
fn parts(prepared: &[Prepared], state: &Path) -> Outcome<()> {
    let agent = &prepared[0];
    let batches = &agent.batches;
    let mut rows = Vec::new();
    let told = |what: &str, took: Duration| {
        let count = f64::from(BATCHES);
        let micros = took.as_secs_f64() * 1e6;
        println!("{what:>28} {:>10.1} {:>12.3}", micros / count, micros / count / f64::from(SAMPLES));
    };
    println!("\n{:>28} {:>10} {:>12}", "part", "us a batch", "us a sample");
    let requests: Vec<Vec<u8>> = batches.iter().map(prost::Message::encode_to_vec).collect();
    let began = Instant::now();
    for request in &requests {
        Batch::read(request)?;
    }
    told("read", began.elapsed());
    let headers = batches.iter().map(Batch::check_header).collect::<Result<Vec<_>, _>>()?;
    let began = Instant::now();
    for (batch, header) in batches.iter().zip(&headers) {
        batch.verify(header, &agent.key.public())?;
    }
    told("verify the signature", began.elapsed());
    let began = Instant::now();
    let bodies =
        batches.iter().map(|batch| collector_api::decompress(&batch.body)).collect::<Result<Vec<_>, _>>()?;
    told("decompress", began.elapsed());
    let began = Instant::now();
    for (body, header) in bodies.iter().zip(&headers) {
        let mut chain = header.before;
        for group in unpack_groups(body) {
            chain = chain.extend(group?);
        }
        assert_eq!(chain, header.after);
    }
    told("chain", began.elapsed());
    let (mut stepped, mut closed) = (StreamState::default(), Vec::new());
    let began = Instant::now();
    for (batch, body) in batches.iter().zip(&bodies) {
        let accepted = Accepted {
            first_seq: batch.first_seq,
            last_seq: batch.last_seq,
            received_ms: batch.clock.sent_ms + 1,
            clock: batch.clock,
            groups: body,
        };
        step(&mut stepped, &accepted, &mut closed);
    }
    told("decode and update runs", began.elapsed());
    for (batch, header) in batches.iter().zip(&headers) {
        let row = BatchRow::received(batch.clone(), header, batch.clock.sent_ms + 1);
        rows.push(Write::Batch(row));
    }
    std::fs::create_dir(state)?;
    let mut store = SqliteStore::open(state)?;
    let began = Instant::now();
    for group in rows.chunks(usize::from(AGENTS)) {
        store.commit(group)?;
    }
    told("store, 8 a commit, synced", began.elapsed());
    Ok(())
}

/// What a sample weighs on the disk, before and after the nightly pass.
async fn sizes(state: &Path, samples: f64) -> Outcome<()> {
    let ingest = Ingest::start(Box::new(SqliteStore::open(state)?), step)?;
    let merged = merge_days(&ingest, state, BEGIN_MS + 2 * DAY_MS).await?;
    ingest.close().await?;
    let packs: usize = SqliteStore::read(state)?.runs()?.iter().map(|row| row.runs.len()).sum();
    let bytes = |bytes: u64| f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / samples;
    println!("\n{:>12.2} bytes a sample as received, compressed", bytes(merged.bytes_before));
    println!("{:>12.2} bytes a sample after the nightly pass", bytes(merged.bytes_after));
    println!(
        "{:>12.2} bytes a sample in packs of runs (a verdict changes once in 1,000 samples)",
        bytes(packs as u64)
    );
    Ok(())
}

/// Nothing but writes of 64 KiB, each synced.
fn bare(path: &Path) -> std::io::Result<Duration> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    let piece = vec![0x5a; 64 << 10];
    nix::fcntl::posix_fallocate(&file, 0, i64::from(SYNCS) * (64 << 10))?;
    file.sync_all()?;
    let began = Instant::now();
    for n in 0..SYNCS {
        file.write_all_at(&piece, u64::from(n) * (64 << 10))?;
        file.sync_data()?;
    }
    Ok(began.elapsed())
}
