//! `vedetta verify`: is what is kept what was accepted?

use std::io::Write;
use std::process::ExitCode;

use super::place::Place;
use crate::publish::{Lang, format};
use crate::store::SqliteStore;
use crate::verify::{self, Verified};

/// Check every stored batch, signature, journal entry and run; the collector may run meanwhile
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    place: Place,
    /// Tell it as JSON
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Verify {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let store = SqliteStore::read(&self.place.state_directory(self.lang)?)?;
        let verified = verify::verify(&store, collector_derive::step)?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &verified)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", show(&verified, self.lang))?;
        }
        Ok(if verified.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Differences first.
fn show(verified: &Verified, lang: Lang) -> String {
    let Verified { streams, batches, signatures, journal_entries, packs, seals, differences, .. } = verified;
    let mut lines: Vec<String> = verified.told(lang).into_iter().map(str::to_owned).collect();
    let outcome = match (lang, differences.len()) {
        (Lang::It, 0) => "tutto è come fu accettato".to_owned(),
        (Lang::En, 0) => "all is as it was accepted".to_owned(),
        (Lang::It, 1) => "1 differenza".to_owned(),
        (Lang::En, 1) => "1 difference".to_owned(),
        (Lang::It, count) => format!("{count} differenze"),
        (Lang::En, count) => format!("{count} differences"),
    };
    lines.push(match lang {
        Lang::It => format!(
            "flussi {streams}, lotti {batches}, firme {signatures}, voci del registro {journal_entries}, \
             pacchi di corse {packs}, risultati chiusi {seals}: {outcome}"
        ),
        Lang::En => format!(
            "{streams} streams, {batches} batches, {signatures} signatures, {journal_entries} journal entries, \
             {packs} packs of runs, {seals} sealed results: {outcome}"
        ),
    });
    lines.extend(verified.restored.iter().map(|restored| restored.words().get(lang).to_owned()));
    for (year, entries) in &verified.pending {
        let entries = entries.iter().map(|entry| format!("#{entry}")).collect::<Vec<_>>().join(", ");
        lines.push(match lang {
            Lang::It => format!(
                "l'anno {year} è chiuso: di queste voci terrà conto la prossima revisione (`vedetta seal {year} --revise`): {entries}"
            ),
            Lang::En => format!(
                "the year {year} is closed: its next revision (`vedetta seal {year} --revise`) takes these entries in: {entries}"
            ),
        });
    }
    if !verified.witnesses.is_empty() {
        let told = verified.witnesses.iter().map(|(agent, seq)| format!("{agent} #{seq}"));
        let told = told.collect::<Vec<_>>().join(", ");
        lines.push(match lang {
            Lang::It => format!("fino a quale voce del registro ha visto ogni sonda: {told}"),
            Lang::En => format!("how far each agent has seen the journal: {told}"),
        });
    }
    if let Some(head) = &verified.journal_head {
        let at = format::instant(head.at_ms, lang);
        let (seq, hash) = (head.seq, &head.hash);
        lines.extend(match lang {
            Lang::It => [
                format!("testa del registro: voce {seq} del {at}, {hash}"),
                "un registro a cui è stata tolta la fine è integro in sé, e chi la toglie può togliere anche ciò che il \
                 collettore ricorda delle sonde: confronta la testa con una annotata altrove, o con quella che ogni \
                 sonda ricorda (`vedetta-agent status`)"
                    .to_owned(),
            ],
            Lang::En => [
                format!("head of the journal: entry {seq} of {at}, {hash}"),
                "a journal whose end was cut off is sound in itself, and whoever cuts it can cut what the collector \
                 keeps of the agents too: compare the head with one written down elsewhere, or with what each agent \
                 remembers (`vedetta-agent status`)"
                    .to_owned(),
            ],
        });
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::JournalHead;

    #[test]
    fn the_head_can_be_compared_in_both_languages() {
        let head = JournalHead { seq: 47, hash: "ab".repeat(32), at_ms: 1_795_421_400_000 };
        let witnesses = [("ced1".to_owned(), 46)].into();
        let sound = Verified {
            journal_entries: 47,
            journal_head: Some(head),
            witnesses,
            pending: [(2026, vec![45, 46])].into(),
            ..Verified::default()
        };
        for (lang, facts) in [
            (
                Lang::It,
                [
                    "tutto è come fu accettato",
                    "voce 47 del 23/11/2026 09:10 +01:00, abab",
                    "una annotata",
                    "ha visto ogni sonda: ced1 #46",
                    "(`vedetta seal 2026 --revise`): #45, #46",
                ],
            ),
            (
                Lang::En,
                [
                    "all is as it was accepted",
                    "entry 47 of 2026-11-23 09:10 +01:00, abab",
                    "written down",
                    "has seen the journal: ced1 #46",
                    "(`vedetta seal 2026 --revise`) takes these entries in: #45, #46",
                ],
            ),
        ] {
            let text = show(&sound, lang);
            assert!(facts.iter().all(|fact| text.contains(fact)), "{text}");
        }
        let differences = vec![crate::declare::say!("a is b", "a è b")];
        let wrong = Verified { differences, ..Verified::default() };
        let text = show(&wrong, Lang::It);
        assert!(text.starts_with("a è b\n") && text.contains(": 1 differenza\n"), "{text}");
        assert!(show(&wrong, Lang::En).starts_with("a is b\n"));
        assert_eq!(serde_json::to_value(&wrong).unwrap()["differences"], serde_json::json!(["a is b"]));
    }
}
