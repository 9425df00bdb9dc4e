//! `vedetta gaps`: what was not observed, why, and the command that would settle it.

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use collector_derive::Period;

use super::asked::{as_of_ms, no_period};
use super::declaring::failure;
use super::place::Place;
use super::terminal::{Paint, plain};
use super::when::{Towards, When, length};
use crate::clock::Clock;
use crate::declare::say;
use crate::operator::{Gap, GapCause, GapsAnswer, Said};
use crate::publish::api::{Now, Why};
use crate::publish::words::{account, notices};
use crate::publish::{Lang, format};

/// List what was not observed, with the agents' evidence and the command that would settle it
#[derive(Debug, clap::Args)]
pub(crate) struct Gaps {
    /// Only of this service
    service: Option<String>,
    /// The civil year, or 2027-Q1, or 2027-03; the current year, or that of `--as-of`, when absent
    #[arg(long, value_name = "PERIOD", conflicts_with_all = ["from", "to"])]
    year: Option<String>,
    /// From this instant on
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to this instant; now, or `--as-of`, when absent
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<String>,
    /// As it was known at this instant, Europe/Rome where no offset is written: 2027-04-01T12:00
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<String>,
    /// Leave out shorter ones
    #[arg(long, value_name = "LENGTH", default_value = "1m")]
    at_least: String,
    #[command(flatten)]
    place: Place,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
    /// The language of the text
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

impl Gaps {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let client = self.place.client()?.speaking(self.lang);
        let as_of_ms = self.as_of.as_deref().map(|text| as_of_ms(text, self.lang)).transpose()?;
        let period = match (&self.from, &self.year) {
            (Some(from), _) => self.stretch(from, as_of_ms.unwrap_or_else(|| Clock::system().now_ms()))?,
            (None, Some(name)) => Period::parse(name).ok_or_else(|| failure(&no_period(name), self.lang))?,
            (None, None) => match as_of_ms {
                Some(at_ms) => Period::civil_year_at(at_ms),
                None => Period::civil_year(client.get_json::<Now>("/api/v1/now")?.year),
            },
        };
        let mut path = format!("/acts/gaps?from_ms={}&to_ms={}", period.start_ms(), period.end_ms());
        if let Some(as_of_ms) = as_of_ms {
            let _ = write!(path, "&as_of_ms={as_of_ms}");
        }
        let mut answer: GapsAnswer = client.get_json(&path)?;
        if let Some(service) = &self.service {
            only(&mut answer, service).map_err(|said| failure(&said, self.lang))?;
        }
        if !answer.services.iter().any(|(_, in_scope)| *in_scope) {
            let said = say!(
                "nothing was to be observed in this stretch: it lies before measuring began (`measured_from:`), or is still to come",
                "in questo tratto non c'era nulla da osservare: precede l'inizio delle misure (`measured_from:`), o deve ancora venire"
            );
            return Err(failure(&said, self.lang));
        }
        let least_ms = length(&self.at_least).map_err(|said| failure(&said, self.lang))?;
        let all = answer.gaps.len();
        answer.gaps.retain(|gap| gap.to_ms.saturating_sub(gap.from_ms) >= least_ms);
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)?;
        } else {
            let shorter = all - answer.gaps.len();
            write!(out, "{}", show(&answer, shorter, self.lang, Paint::of_stdout()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn stretch(&self, from: &str, now_ms: i64) -> anyhow::Result<Period> {
        let read = |text: &str, towards| {
            When::parse(text, now_ms, towards).map_err(|said| failure(&said, self.lang))
        };
        let from_ms = read(from, Towards::Before(now_ms))?.at_ms;
        let to_ms = match &self.to {
            Some(to) => read(to, Towards::After(from_ms))?.at_ms,
            None => now_ms,
        };
        Period::new(from_ms, to_ms).ok_or_else(|| {
            let said = say!(
                "the stretch is empty: `--to` is not after `--from`",
                "il tratto è vuoto: `--to` non viene dopo `--from`"
            );
            failure(&said, self.lang)
        })
    }
}

/// Leaves one service, by its name in the charter.
fn only(answer: &mut GapsAnswer, service: &str) -> Result<(), Said> {
    let known: Vec<String> = answer.services.iter().map(|(known, _)| known.clone()).collect();
    answer.services.retain(|(known, _)| known == service);
    answer.gaps.retain(|gap| gap.service == service);
    if !answer.services.is_empty() {
        return Ok(());
    }
    let known = known.join(", ");
    Err(say!(
        "there was no service `{service}` then; the services are: {known}",
        "allora non c'era un servizio `{service}`; i servizi sono: {known}"
    ))
}

fn show(answer: &GapsAnswer, shorter: usize, lang: Lang, paint: Paint) -> String {
    let mut text = String::new();
    let mut service = "";
    for gap in &answer.gaps {
        if gap.service != service {
            service = &gap.service;
            let _ = writeln!(text, "{}", paint.strong(service));
        }
        let ongoing = match (gap.ongoing, lang) {
            (true, Lang::It) => ", in corso",
            (true, Lang::En) => ", ongoing",
            (false, _) => "",
        };
        let _ = writeln!(text, "  {}{ongoing}", notices::window(gap.from_ms, gap.to_ms, lang));
        for cause in &gap.causes {
            let _ = writeln!(text, "    {}", plain(&told(cause, lang)));
        }
        for line in settle(gap, lang) {
            let _ = writeln!(text, "    {}", paint.faint(&line));
        }
    }
    if answer.gaps.is_empty() {
        let said = say!("everything was observed", "è stato osservato tutto");
        let _ = writeln!(text, "{}", said.get(lang));
    }
    if shorter > 0 {
        let said = say!(
            "{shorter} shorter ones are not shown (`--at-least 1s` shows them)",
            "{shorter} più brevi non mostrati (`--at-least 1s` li mostra)"
        );
        let _ = writeln!(text, "{}", said.get(lang));
    }
    if answer.unread > 0 {
        let unread = answer.unread;
        let said = say!(
            "of {unread} silences the records around were not read; ask for a shorter stretch",
            "di {unread} silenzi non sono state lette le registrazioni intorno; chiedi un tratto più breve"
        );
        let _ = writeln!(text, "{}", said.get(lang));
    }
    text
}

/// `ced1 (ced): no samples: agent or its host off, 2 h 05 min: the agent … [data_center.dns.dns1]`.
fn told(cause: &GapCause, lang: Lang) -> String {
    const NAMED: usize = 3;
    let mut text = String::new();
    if let (Some(agent), Some(site)) = (&cause.agent, &cause.site) {
        let _ = write!(text, "{agent} ({site}): ");
    }
    let _ = write!(text, "{}, {}", account::why(cause.why, lang), format::duration(cause.ms, lang));
    if let Some(entry) = cause.entry {
        let _ = write!(text, " (#{entry})");
    }
    if let Some(evidence) = &cause.evidence {
        let _ = write!(text, ": {}", evidence.get(lang));
    }
    let more = cause.checks.len().saturating_sub(NAMED);
    let named = cause.checks.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let _ = if more > 0 { write!(text, " [{named}, +{more}]") } else { write!(text, " [{named}]") };
    text
}

/// What would settle it, ready to paste; `#` makes the rest of a line a remark.
fn settle(gap: &Gap, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(entry) = gap.proposed {
        let said = say!(
            "of what is proposed already, by another person",
            "per quanto è già proposto, da un'altra persona"
        );
        lines.push(format!("vedetta approve {entry}  # {}", said.get(lang)));
    }
    let annulled: Vec<u64> = gap.causes.iter().filter_map(|cause| cause.entry).collect();
    for entry in &annulled {
        let said = say!("if it was no mistake of measuring", "se la misura era giusta");
        lines.push(format!("vedetta revoke {entry} --note \"…\"  # {}", said.get(lang)));
    }
    if gap.causes.iter().all(|cause| cause.why == Why::Annulled) && !annulled.is_empty() {
        return lines;
    }
    let waits = gap.ongoing
        && gap.causes.iter().any(|cause| matches!(cause.why, Why::AgentSilent | Why::Unconfirmed));
    if waits {
        let said = say!(
            "wait first: what the agent's spool holds may still settle it (`systemctl status vedetta-agent` there)",
            "prima aspetta: lo spool della sonda può ancora chiarirlo (lì, `systemctl status vedetta-agent`)"
        );
        lines.push(format!("# {}", said.get(lang)));
    }
    if gap.causes.iter().any(|cause| cause.why == Why::NeverMeasured) {
        let said = say!(
            "never measured: is the agent enrolled (`vedetta agent list`)? else `measured_from:` says from when on it counts",
            "mai misurato: la sonda è registrata (`vedetta agent list`)? altrimenti `measured_from:` dice da quando conta"
        );
        lines.push(format!("# {}", said.get(lang)));
    }
    if gap.causes.iter().all(|cause| cause.why == Why::NeverMeasured) {
        return lines;
    }
    let said = say!("or `up`, which another person approves", "oppure `up`, che un'altra persona approva");
    lines.push(format!(
        "vedetta force down {} --from {} --to {} --evidence \"…\" --note \"…\"  # {}",
        gap.scope.join(" "),
        exact(gap.from_ms),
        exact(gap.to_ms),
        said.get(lang)
    ));
    lines
}

/// `2027-03-06T14:00:00.000+01:00`.
fn exact(ms: i64) -> String {
    format::civil(ms).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturday 6 March 2027, 14:00 in Rome.
    const FROM_MS: i64 = 1_804_338_000_000;

    fn gap(why: Why, entry: Option<u64>, ongoing: bool) -> Gap {
        let evidence = Said { en: "it started again".to_owned(), it: "riavviata".to_owned() };
        let named = entry.is_none();
        Gap {
            service: "rete".to_owned(),
            from_ms: FROM_MS,
            to_ms: FROM_MS + 7_500_250,
            ongoing,
            scope: vec!["rete.porta".to_owned()],
            causes: vec![GapCause {
                why,
                agent: named.then(|| "ced1".to_owned()),
                site: named.then(|| "ced".to_owned()),
                checks: ["a", "b", "c", "d", "e"].map(|target| format!("rete.porta.{target}")).to_vec(),
                ms: 7_500_250,
                evidence: named.then_some(evidence),
                entry,
            }],
            proposed: None,
        }
    }

    fn shown(gap: Gap, lang: Lang) -> String {
        show(&answer(gap), 2, lang, Paint::none())
    }

    fn answer(gap: Gap) -> GapsAnswer {
        let services = vec![("rete".to_owned(), true), ("wifi".to_owned(), true)];
        GapsAnswer { as_of_ms: 0, services, gaps: vec![gap], unread: 0 }
    }

    #[test]
    fn a_service_that_was_not_there_is_not_said_to_be_observed() {
        let gap = gap(Why::AgentSilent, None, false);
        let mut all = answer(gap.clone());
        let said = only(&mut all, "rate").unwrap_err();
        assert!(said.en.contains("the services are: rete, wifi"), "{said}");
        let mut wifi = answer(gap.clone());
        only(&mut wifi, "wifi").unwrap();
        assert!(wifi.gaps.is_empty());
        let mut rete = answer(gap);
        only(&mut rete, "rete").unwrap();
        assert_eq!(rete.gaps.len(), 1);
    }

    #[test]
    fn a_gap_has_its_evidence_and_a_command_to_paste() {
        let text = shown(gap(Why::AgentSilent, None, false), Lang::It);
        for part in [
            "rete\n  sabato 06/03/2027 14:00 (+01:00) – 16:05 (+01:00), 2 h 05 min\n",
            "ced1 (ced): nessun campione: sonda o suo host spenti, 2 h 05 min: riavviata [rete.porta.a, rete.porta.b, rete.porta.c, +2]",
            "vedetta force down rete.porta --from 2027-03-06T14:00:00.000+01:00 --to 2027-03-06T16:05:00.250+01:00 --evidence",
            "2 più brevi non mostrati",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("aspetta"));
        assert!(shown(gap(Why::AgentSilent, None, true), Lang::En).contains("wait first"));
    }

    #[test]
    fn what_is_declared_is_settled_by_its_entry() {
        let text = shown(gap(Why::Annulled, Some(12), false), Lang::En);
        assert!(text.contains("vedetta revoke 12") && !text.contains("force"), "{text}");
        let text = shown(Gap { proposed: Some(13), ..gap(Why::AgentSilent, None, false) }, Lang::En);
        assert!(text.contains("vedetta approve 13  #") && text.contains("vedetta force down"), "{text}");
        let text = shown(gap(Why::NeverMeasured, None, false), Lang::En);
        assert!(text.contains("measured_from") && !text.contains("force"), "{text}");
    }

    #[test]
    fn the_command_reads_back_to_the_millisecond() {
        for ms in [FROM_MS, FROM_MS + 7_500_250, 1_792_888_200_001] {
            let when = When::parse(&exact(ms), FROM_MS, Towards::Before(FROM_MS)).unwrap();
            assert_eq!(when.at_ms, ms);
        }
    }
}
