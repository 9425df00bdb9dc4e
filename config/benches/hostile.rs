//! How long hostile files take to be refused: bombs, wrong files, deep nesting, circles, floods of mistakes.
//!
//! `cargo bench -p config` prints one line each; the goal is under 50 ms in a release build. What bounds the
//! work is in the reader's limits, which the tests hold; this only shows the time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

const HEAD: &str = "organisation: {name: X}\nsites: {a: {agents: [a1]}}\n";

fn main() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("vedetta.yaml");
    for n in 0..100 {
        let next = format!("include: f{}.yaml\n", n + 1);
        std::fs::write(folder.path().join(format!("f{n}.yaml")), next)?;
    }
    std::fs::write(folder.path().join("circle.yaml"), "include: [circle.yaml, vedetta.yaml]\n")?;
    std::fs::write(folder.path().join("wide.csv"), format!("name;address\n{}", "x;y;z\n".repeat(150_000)))?;
    for (name, text) in hostile() {
        std::fs::write(&path, &text)?;
        let (took, refused) = best_of_five(&path);
        let verdict = refused.unwrap_or_else(|| "NOT REFUSED".to_owned());
        println!("{:>8.2} ms  {:>5} KiB  {name}: {verdict}", took.as_secs_f64() * 1e3, text.len() / 1024);
    }
    Ok(())
}

/// The shortest time, and how the refusal begins.
fn best_of_five(path: &Path) -> (Duration, Option<String>) {
    let mut best = (Duration::MAX, None);
    for _ in 0..5 {
        let began = Instant::now();
        let loaded = config::load(path);
        let took = began.elapsed();
        if took < best.0 {
            let first =
                |refused: &config::LoadError| refused.problems[0].message.en.chars().take(60).collect();
            best = (took, loaded.as_ref().err().map(first));
        }
    }
    best
}

fn hostile() -> Vec<(&'static str, String)> {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let repeated = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb = format!("{bomb}a{level}: &a{level} [{repeated}]\n");
    }
    let services = |count: usize, body: &str| {
        let rows: Vec<String> = (0..count)
            .map(|n| {
                format!(
                    "  s{n}: {{{body}}}
"
                )
            })
            .collect();
        let rows = rows.concat();
        format!("{HEAD}services:\n{rows}")
    };
    let wrong: Vec<String> = (0..9_000).map(|n| format!("s{n}: {{colour: {n}}}")).collect();
    vec![
        ("alias bomb", bomb),
        ("2 MiB of comment", "#".repeat(2 * 1024 * 1024)),
        ("1 MiB of one text", format!("organisation: {}", "x".repeat(1024 * 1024 - 20))),
        ("deep flow", format!("a: {}", "[".repeat(500_000))),
        (
            "deep block",
            (0..700)
                .map(|depth| {
                    " ".repeat(depth)
                        + "a:
"
                })
                .collect(),
        ),
        ("many nodes", "- x\n".repeat(250_000)),
        ("mistakes on one line", format!("{HEAD}services: {{{}}}", wrong.join(", "))),
        ("mistakes on many lines", services(12_000, "colour: 1")),
        ("one key ten thousand times", format!("{HEAD}{}", "services: {}\n".repeat(10_000))),
        ("secrets in clear", services(12_000, "password: hunter2")),
        ("a circle of files", format!("include: circle.yaml\n{HEAD}services: {{}}\n")),
        ("a chain of files", format!("include: f0.yaml\n{HEAD}services: {{}}\n")),
        (
            "a table of one name",
            format!(
                "{HEAD}services: {{s: {{components: {{c: {{probe: tcp, targets: {{file: wide.csv}}}}}}}}}}\n"
            ),
        ),
    ]
}
