//! Where the programs under test are.

use std::path::{Path, PathBuf};

/// The folder of `vedetta` and `vedetta-agent`.
const DIRECTORY: &str = "VEDETTA_BIN_DIR";
/// When set to 1, a server that is not installed fails its story instead of skipping it.
const REQUIRE: &str = "REQUIRE_REAL_SERVERS";

/// The program `name`: in `VEDETTA_BIN_DIR`, otherwise where cargo puts it, above the test's own folder.
pub fn ours(name: &str) -> PathBuf {
    let directory = setting(DIRECTORY).map_or_else(
        || std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned(),
        // Cargo starts tests and benchmarks in their package's folder: a relative path is the workspace's.
        |directory| Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(directory),
    );
    let path = directory.join(name);
    assert!(
        path.exists(),
        "there is no `{}`: build it with `cargo build -p collector -p probe-agent`, or set {DIRECTORY}",
        path.display()
    );
    path
}

/// A server of the system, or one that `tests/run` has unpacked because its package excludes another that is
/// needed too; `None`, after a line that says so, when the story is to be skipped.
pub fn installed(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let unpacked = unpacked("usr/sbin");
    let found =
        folders.into_iter().chain([unpacked]).map(|folder| folder.join(name)).find(|path| path.exists());
    if found.is_none() {
        skip(&format!("{name} is not installed"));
    }
    found
}

/// A folder of servers that `tests/run` has brought, and that are not installed in the system.
pub fn unpacked(folder: &str) -> PathBuf {
    // Of `target/debug/deps/it-…`: target.
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("servers").join(folder)
}

/// Says why a story is not told; fails instead where real servers are required.
pub fn skip(why: &str) {
    assert!(setting(REQUIRE).as_deref() != Some("1"), "{why}, and {REQUIRE}=1 forbids to skip");
    #[expect(clippy::print_stdout, reason = "a skipped story must be seen in the test's output")]
    {
        println!("skipped: {why}");
    }
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "the stories' only settings; they have no command line")]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
