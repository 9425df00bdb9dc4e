//! Real servers that run, asked about by us and by monitoring-plugins: rows that name several servers by words.

use std::path::PathBuf;
use std::process::Command;

use harness::Authority;

use crate::exporter::ASKED_AT_MOST;
use crate::ours::{self, Asked};
use crate::plugins::{self, Told};

/// One row of the table, before servers have ports: `{word}` stands for one of [`Field`]'s words.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Our component's keys, as the charter has them.
    pub(crate) ours: &'static str,
    pub(crate) target: &'static str,
    pub(crate) plugin: &'static str,
    /// Its arguments, where `_` stands for a blank within one; before them what of its environment is set.
    pub(crate) theirs: &'static str,
    /// Verdict and reason.
    pub(crate) says: (&'static str, &'static str),
    /// `up`, `degraded`, `down` or `unknown`: OK, WARNING, CRITICAL or UNKNOWN.
    pub(crate) they_say: &'static str,
    /// Why the two disagree; empty when they agree.
    pub(crate) why: &'static str,
}

impl Row {
    pub(crate) const fn told(&self) -> Told {
        let Self { plugin, name, says, they_say, why, .. } = self;
        Told { plugin, name, says: *says, they_say, why }
    }
}

/// Servers that run, and what rows call them.
pub(crate) struct Field {
    folder: tempfile::TempDir,
    pub(crate) authority: Authority,
    words: Vec<(String, String)>,
}

impl Field {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        std::fs::write(folder.path().join("radice.pem"), authority.pem()).unwrap();
        let mut field = Self { folder, authority, words: Vec::new() };
        let (ca, own) = (field.path("radice.pem"), field.folder.path().to_owned());
        field.say("ca", ca.display());
        field.say("folder", own.display());
        field.say("closed", harness::ports::free_port());
        field
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder for a server of its own.
    pub(crate) fn room(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir(&path).unwrap();
        path
    }

    /// What a word of the rows stands for.
    pub(crate) fn say(&mut self, word: &str, value: impl std::fmt::Display) {
        self.words.push((format!("{{{word}}}"), value.to_string()));
    }

    fn filled(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
    }

    /// Both are asked about each row, a few times where a busy machine may have made them wait; panics with all that
    /// is not as the table says.
    pub(crate) fn assert_agrees(&self, rows: &[Row], secrets: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for row in rows {
            let (keys, target) = (self.filled(row.ours), self.filled(row.target));
            let authority = self.path("radice.pem");
            let asked =
                Asked { name: row.name, keys: &keys, target: &target, authority: Some(&authority), secrets };
            let is_right =
                |said: &crate::situation::Said| (said.verdict.as_str(), said.reason.as_str()) == row.says;
            let said = ask(|| ours::ask(&asked), is_right);
            if !is_right(&said) {
                wrong.push(format!("{}: {}: we say {said}", row.plugin, row.name));
            }
            let Some(plugin) = plugins::installed(row.plugin) else { continue };
            let (they, told) = ask(
                || plugins::word_of(self.command(&plugin, row.theirs)),
                |(they, _)| *they == row.they_say,
            );
            if they != row.they_say {
                wrong.push(format!("{}: {}: it says {they}: {told}", row.plugin, row.name));
            }
        }
        assert!(wrong.is_empty(), "of {} situations:\n{}", rows.len(), wrong.join("\n"));
    }

    fn command(&self, plugin: &std::path::Path, theirs: &str) -> Command {
        let mut command = Command::new(plugin);
        command.env_clear();
        for word in theirs.split(' ') {
            match word.strip_prefix("LDAPTLS_CACERT=") {
                Some(path) => command.env("LDAPTLS_CACERT", self.filled(path)),
                None => command.arg(self.filled(&word.replace('_', " "))),
            };
        }
        command
    }
}

fn ask<T>(mut question: impl FnMut() -> T, is_as_expected: impl Fn(&T) -> bool) -> T {
    let mut said = question();
    for _ in 1..ASKED_AT_MOST {
        if is_as_expected(&said) {
            break;
        }
        said = question();
    }
    said
}
