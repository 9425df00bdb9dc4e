//! Lays the functions that a running agent uses beside each other in its program.
//!
//! A small agent's memory is mostly its own program: the kernel maps 64 KiB around each function that is called,
//! so that two megabytes of code which run, spread among six, hold five of them in memory. `layout/used` lists
//! what runs, and the linker puts it into one stretch. The list is as old as `tests/agent-layout` last made it:
//! a function that it does not know costs memory and nothing else.
//!
//! Only in optimised builds for Linux, and only with the linkers whose scripts can add to the usual layout: Rust's
//! own (lld) and GNU's. Who names another one in `RUSTFLAGS` or the configuration of cargo gets the plain layout.

use std::io::Write as _;
use std::path::PathBuf;

const LIST: &str = "layout/used";

fn main() -> std::io::Result<()> {
    let mut cargo = std::io::stdout();
    writeln!(cargo, "cargo::rerun-if-changed={LIST}")?;
    let list = std::fs::read_to_string(LIST)?;
    let is_plain = list.is_empty()
        || told("CARGO_CFG_TARGET_OS") != "linux"
        || told("OPT_LEVEL") == "0"
        || !told("RUSTC_LINKER").is_empty()
        || told("CARGO_ENCODED_RUSTFLAGS").contains("fuse-ld");
    if is_plain {
        return Ok(());
    }
    let script = PathBuf::from(told("OUT_DIR")).join("layout.ld");
    std::fs::write(&script, script_of(&list))?;
    writeln!(cargo, "cargo::rustc-link-arg-bin=vedetta-agent=-Wl,-T,{}", script.display())?;
    Ok(())
}

/// A linker script that puts the listed functions first, in the list's order. Each has a section of its own, named
/// after it; what seldom runs, the compiler has marked.
fn script_of(list: &str) -> String {
    let mut script = "SECTIONS\n{\n  .text.used :\n  {\n".to_owned();
    for name in list.lines().filter(|line| !line.starts_with('#')) {
        for section in [".text.", ".text.unlikely."] {
            script.extend(["    *(", section, name, ")\n"]);
        }
    }
    script.push_str("  }\n}\nINSERT BEFORE .text;\n");
    script
}

/// What cargo says of the build; empty where it says nothing.
fn told(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]
    std::env::var(name).unwrap_or_default()
}
