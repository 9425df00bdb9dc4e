//! Disks that fail or are full; and a real one.

use super::*;

#[test]
fn a_failed_sync_is_never_repeated_on_its_file() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    log.append(&group(5_000, 10)).unwrap();
    disk.fail_syncs(1);
    log.append(&group(6_000, 10)).unwrap();
    log.append(&group(7_000, 10)).unwrap();
    assert!(disk.list().unwrap().iter().any(|name| name.ends_with(".suspect")));
    let before = readable(&mut log);
    assert_eq!(before.len(), 4);
    drop(log);
    // The pages that failed to sync are gone now; nothing that was readable was among them.
    let mut log = opened(&disk.after_power_cut(|| false));
    let after = readable(&mut log);
    assert!(before.iter().all(|(seq, bytes)| after.get(seq) == Some(bytes)));
}

#[test]
fn a_disk_that_fails_everywhere_ends_the_spool() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    let before = readable(&mut log);
    disk.fail_syncs(3);
    assert!(matches!(log.append(&group(5_000, 10)), Err(AppendError::Broken(_))));
    assert_eq!(readable(&mut log), before);
    // One bad file is no broken disk, be it the one in use or a new one.
    disk.fail_syncs(1);
    log.append(&group(5_000, 10)).unwrap();
    disk.fail_syncs(2);
    log.append(&group(6_000, 10)).unwrap();
}

#[test]
fn a_full_disk_changes_nothing_and_declares_from_its_reserve() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    disk.set_bytes_max(Some(disk.bytes()));
    let mut appended = 0;
    while log.append(&group(10_000 + appended * 1_000, 20)).is_ok() {
        appended += 1;
    }
    let durable = log.durable_seq();
    assert!(matches!(log.append(&group(5_000, 20)), Err(AppendError::Full(_))));
    assert_eq!(log.durable_seq(), durable, "a refused group takes no numbers");

    let lost = Draft::of_lost(lost(500, LostReason::DiskRefused, 1, 2));
    log.append(&lost).unwrap();
    log.append(&lost).unwrap();
    assert!(matches!(log.append(&group(5_000, 20)), Err(AppendError::Full(_))), "samples may not fill it");

    // A restart on a disk that is still full.
    drop(log);
    let _ = disk.remove("cursor");
    disk.set_bytes_max(None);
    let mut log = opened(&disk);
    log.append(&group(900_000, 5)).unwrap();
    let mut collector = Collector::of(STREAM);
    collector.drain(&mut log, ALL);
    assert_eq!(collector.lost(), BTreeMap::from([(LostReason::DiskRefused, 1_000)]));
    assert!(disk.list().unwrap().iter().any(|name| name == "reserve"), "the reserve is there again");
}

#[test]
fn an_agent_starts_on_a_full_disk() {
    let disk = MemoryDisk::default();
    let mut log = opened(&disk);
    log.append(&group(10_000, 20)).unwrap();
    let before = readable(&mut log);
    drop(log);
    disk.set_bytes_max(Some(disk.bytes()));
    let mut log = opened(&disk);
    let after = readable(&mut log);
    assert!(before.iter().all(|(seq, bytes)| after.get(seq) == Some(bytes)));
    disk.set_bytes_max(None);
    log.append(&group(20_000, 20)).unwrap();
    Collector::of(STREAM).drain(&mut log, ALL);
}

#[tokio::test]
async fn a_real_directory_is_written_and_read() {
    let home = tempfile::tempdir().unwrap();
    let options = SpoolOptions {
        directory: home.path().join("spool"),
        bytes_max: 16 << 20,
        version: "0.1.0".to_owned(),
        boot_id: String::new(),
    };
    let clock: WallClock = Arc::new(|| 1_000);
    let status = StatusCell::default();
    let spool = open(&options, Arc::clone(&clock), status.clone()).unwrap();
    assert!(matches!(open(&options, Arc::clone(&clock), status.clone()), Err(SpoolError::InUse)));
    let (sender, entries) = mpsc::channel(8);
    sender.send(Entry::Dictionary(Dictionary { revision: 1, entries: Vec::new() })).await.unwrap();
    for slot_ms in 0..5 {
        sender.send(Entry::Sample(sample(0, slot_ms))).await.unwrap();
    }
    drop(sender);
    run(spool.clone(), entries).await.unwrap();
    let progress = *spool.progress().borrow();
    assert!(progress.ended);
    assert_eq!(progress.durable_seq, 7, "Start, CONFIG, five samples");
    assert_eq!(status.get().durable_seq, 7);
    drop(spool);
    let spool = open(&options, clock, status).unwrap();
    let sent = spool.on_disk(|log| log.outgoing(ALL)).await.unwrap().unwrap().unwrap();
    assert_eq!((sent.first_seq, sent.last_seq), (1, 8));
}
