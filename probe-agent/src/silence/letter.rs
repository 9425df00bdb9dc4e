//! What is mailed of a silent collector: Italian, then English, for somebody who has never seen the system.

use jiff::{Timestamp, tz::TimeZone};

use crate::probe::base64;

/// Of a line (RFC 2045, 6.8).
const LINE_BYTES: usize = 76;
/// Of an error that is told.
const ERROR_SIGNS: usize = 300;

/// The facts of one mail.
#[derive(Debug)]
pub(super) struct Letter<'a> {
    pub(super) agent: &'a str,
    pub(super) from: &'a str,
    /// The last acknowledgement before the silence, Unix ms; 0 for none ever.
    pub(super) heard_ms: i64,
    pub(super) noticed_ms: i64,
    /// When it was heard again, Unix ms; `None` while it is silent.
    pub(super) back_ms: Option<i64>,
    /// Records that wait on the agent.
    pub(super) waiting: u64,
    /// Why delivery does not work, as the agent sees it; empty when it only hears nothing.
    pub(super) error: &'a str,
    pub(super) now_ms: i64,
}

impl Letter<'_> {
    /// The message for one recipient, whose lines end with CRLF and never begin with a dot (RFC 5322; RFC 3834 for
    /// `Auto-Submitted`).
    pub(super) fn to(&self, to: &str) -> String {
        let Self { agent, from, noticed_ms, .. } = self;
        let date = Timestamp::from_millisecond(self.now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let date = date.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let name = |what: &str| format!("<collector-{what}.{agent}.{noticed_ms}@{domain}>");
        let (subject, headers) = match self.back_ms {
            None => (
                format!("[Vedetta] URGENTE - il collettore non risponde (sonda {agent})"),
                format!("Message-ID: {}\r\n", name("silent")),
            ),
            Some(_) => (
                format!("[Vedetta] RIENTRATO - il collettore risponde (sonda {agent})"),
                format!("Message-ID: {}\r\nIn-Reply-To: {}\r\n", name("back"), name("silent")),
            ),
        };
        let text = base64::encode(self.text().as_bytes());
        let lines: Vec<&str> =
            text.as_bytes().chunks(LINE_BYTES).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        format!(
            "From: Vedetta <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {date}\r\n{headers}\
             Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            lines.join("\r\n")
        )
    }

    fn text(&self) -> String {
        match self.back_ms {
            None => self.silent(),
            Some(back_ms) => self.back(back_ms),
        }
    }

    fn silent(&self) -> String {
        let Self { agent, waiting, .. } = self;
        let (since_it, since_en) = match self.heard_ms {
            0 => ("da quando la sonda è stata avviata".to_owned(), "since the agent was started".to_owned()),
            heard_ms => (format!("dal {}", local(heard_ms)), format!("since {}", local(heard_ms))),
        };
        let (why_it, why_en) = match self.shown_error() {
            Some(error) => (error.clone(), error),
            None => ("nessuna risposta".to_owned(), "no answer".to_owned()),
        };
        format!(
            "Il collettore di Vedetta non conferma più nulla alla sonda {agent} {since_it}.\n\
             Visto dalla sonda: {why_it}\n\
             \n\
             Che cosa significa\n\
             Le sonde continuano a misurare e conservano tutto ({waiting} record in attesa su questa): nessuna misura è \
             persa. Ma finché il collettore tace nessun altro avviso può partire: se un servizio si ferma ora, non lo dirà \
             nessuno.\n\
             \n\
             Che cosa fare\n\
             1. Sulla macchina del collettore: `systemctl status vedetta`, poi `journalctl -u vedetta -n 50` e `df -h \
             /var/lib/vedetta`. Il registro dice in una frase che cosa manca.\n\
             2. Se il collettore funziona: sulla macchina della sonda, `vedetta-agent status` dice perché la consegna non \
             riesce (rete, nome, orologio, chiave revocata).\n\
             3. Se era un lavoro previsto, la prossima volta annunciarlo prima: `vedetta maintenance add '*' --from … --for \
             2h --note …`.\n\
             Un secondo messaggio dirà quando risponde di nuovo.\n\
             \n\
             ----\n\
             The Vedetta collector has acknowledged nothing to agent {agent} {since_en}.\n\
             As the agent sees it: {why_en}\n\
             Agents go on measuring and keep everything ({waiting} records wait on this one); nothing is lost. But no other \
             alert can be sent while the collector is silent.\n\
             On the collector: `systemctl status vedetta`, `journalctl -u vedetta -n 50`, `df -h /var/lib/vedetta`. If it is \
             well: `vedetta-agent status` on the agent's machine. Announce planned work: `vedetta maintenance add '*'`.\n"
        )
    }

    fn back(&self, back_ms: i64) -> String {
        let Self { agent, noticed_ms, .. } = self;
        let (from, to) =
            (local(if self.heard_ms == 0 { *noticed_ms } else { self.heard_ms }), local(back_ms));
        format!(
            "Il collettore di Vedetta risponde di nuovo alla sonda {agent}: ha taciuto dal {from} al {to}.\n\
             Le misure conservate nel frattempo vengono consegnate da sole. Non c'è altro da fare; `vedetta status` mostra la \
             situazione, `vedetta gaps` se resta tempo non osservato.\n\
             \n\
             ----\n\
             The Vedetta collector answers agent {agent} again: it was silent from {from} to {to}. What was measured \
             meanwhile is delivered by itself.\n"
        )
    }

    /// The error as one line, which may hold what a stranger said.
    fn shown_error(&self) -> Option<String> {
        let shown: String = self
            .error
            .chars()
            .map(|sign| if sign.is_control() { ' ' } else { sign })
            .take(ERROR_SIGNS)
            .collect();
        (!shown.trim().is_empty()).then_some(shown)
    }
}

/// `24/11/2026 09:10 CET`
fn local(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let zone = TimeZone::get("Europe/Rome").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%d/%m/%Y %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(back_ms: Option<i64>) -> Letter<'static> {
        Letter {
            agent: "ced1",
            from: "sonda@comune.example",
            heard_ms: 1_795_507_800_000,
            noticed_ms: 1_795_508_400_000,
            back_ms,
            waiting: 241,
            error: "connection refused\r\nBcc: altri@example",
            now_ms: 1_795_508_400_000,
        }
    }

    #[test]
    fn a_mail_says_what_since_when_why_and_what_to_do() {
        let message = letter(None).to("reperibile@comune.example");
        let (headers, body) = message.split_once("\r\n\r\n").unwrap();
        assert!(
            headers.contains("\r\nSubject: [Vedetta] URGENTE - il collettore non risponde (sonda ced1)\r\n")
        );
        assert!(headers.contains("\r\nMessage-ID: <collector-silent.ced1.1795508400000@comune.example>\r\n"));
        assert!(headers.contains("\r\nTo: <reperibile@comune.example>\r\n"));
        assert!(!headers.contains("Bcc"), "{headers}");
        assert!(message.lines().all(|line| line.len() <= 200 && !line.starts_with('.')));
        assert_eq!(message.matches('\n').count(), message.matches("\r\n").count());
        let text = String::from_utf8(base64::decode(&body.replace("\r\n", "")).unwrap()).unwrap();
        for fact in [
            "alla sonda ced1 dal 24/11/2026 09:10 CET.",
            "Visto dalla sonda: connection refused  Bcc: altri@example\n",
            "241 record in attesa",
            "systemctl status vedetta",
            "vedetta-agent status",
            "vedetta maintenance add '*'",
            "nothing is lost",
        ] {
            assert!(text.contains(fact), "{fact}: {text}");
        }
    }

    #[test]
    fn its_end_answers_the_first_mail() {
        let message = letter(Some(1_795_509_000_000)).to("reperibile@comune.example");
        assert!(
            message.contains("\r\nSubject: [Vedetta] RIENTRATO - il collettore risponde (sonda ced1)\r\n")
        );
        assert!(
            message.contains("\r\nIn-Reply-To: <collector-silent.ced1.1795508400000@comune.example>\r\n")
        );
        let text = letter(Some(1_795_509_000_000)).text();
        assert!(text.contains("ha taciuto dal 24/11/2026 09:10 CET al 24/11/2026 09:30 CET"), "{text}");
    }

    #[test]
    fn an_agent_that_never_heard_it_says_so() {
        let text = Letter { heard_ms: 0, error: "", ..letter(None) }.text();
        assert!(text.contains("alla sonda ced1 da quando la sonda è stata avviata."), "{text}");
        assert!(text.contains("Visto dalla sonda: nessuna risposta\n"), "{text}");
    }
}
