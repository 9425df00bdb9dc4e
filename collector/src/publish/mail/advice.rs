//! What to do, for somebody who has never seen the system: by the reason's family, in words without its jargon.
//!
//! It names the machine and the command, never the person: whom to call stands in the charter (`owner`, `contact`,
//! `runbook`), and where it does not, the letter says so.

use collector_api::Reason;
use collector_derive::alert::NoticeKind;

use crate::publish::Lang;

/// What to look at when a check fails for `reason`; `target` is what was asked.
#[expect(clippy::too_many_lines, reason = "a table, a row for each family")]
pub(super) fn of_reason(reason: Reason, target: &str, lang: Lang) -> String {
    let (family, _) = reason.name().split_once('.').unwrap_or((reason.name(), ""));
    let (it, en) = match (family, reason) {
        (_, Reason::AgentSecretMissing) => (
            "Sulla sonda manca il file di un segreto: va messo nella cartella dei segreti che il suo agent.yaml indica.",
            "A secret's file is missing on the agent: put it into the secrets directory that its agent.yaml names.",
        ),
        ("agent", _) => (
            "Il guasto è della sonda, non del servizio: sulla sua macchina guarda «systemctl status vedetta-agent» e «journalctl -u vedetta-agent -n 50».",
            "The agent failed, not the service: on its machine look at `systemctl status vedetta-agent` and `journalctl -u vedetta-agent -n 50`.",
        ),
        ("resolve", _) => (
            "Il nome di {t} non si risolve: dalla macchina della sonda prova «getent hosts NOME»; se non si risolvono anche altri nomi, il guasto è del DNS.",
            "The name of {t} does not resolve: try `getent hosts NAME` on the agent's machine; if other names fail too, DNS is broken.",
        ),
        (_, Reason::ConnectRefused | Reason::ConnectReset) => (
            "La macchina risponde, ma su {t} nessun programma accetta connessioni: su quella macchina guarda se il programma è in esecuzione («systemctl status …» o il gestore dei servizi) e riavvialo.",
            "The machine answers, but nothing accepts connections at {t}: look there whether the program runs, and restart it.",
        ),
        (_, Reason::ConnectAdminProhibited) => (
            "Un firewall vieta la connessione verso {t}: guarda le regole cambiate di recente.",
            "A firewall forbids the connection to {t}: look at rules that changed lately.",
        ),
        (_, Reason::ConnectSourceBind) => (
            "La sonda non può usare l'indirizzo da cui deve partire: guarda la rete della sua macchina.",
            "The agent cannot use the address that it must ask from: look at its machine's network.",
        ),
        ("connect" | "icmp", _) => (
            "{t} non risponde: guarda se la macchina è accesa (console del virtualizzatore, alimentazione), poi lo switch, il firewall e la linea che la collegano.",
            "{t} does not answer: is the machine on (hypervisor, power)? Then its switch, firewall and line.",
        ),
        (_, Reason::TlsTimeout | Reason::TlsAlert | Reason::TlsVersion | Reason::TlsProtocol) => (
            "{t} risponde, ma non riesce a stabilire una connessione cifrata: guarda il registro del programma e che cosa è stato aggiornato di recente.",
            "{t} answers but cannot encrypt: look at its log and at what was updated lately.",
        ),
        ("tls", _) => (
            "Il certificato di {t} va rinnovato o sostituito, completo dei certificati intermedi; poi va ricaricato il programma che lo usa.",
            "Renew or replace the certificate of {t}, with its intermediates, and reload the program that serves it.",
        ),
        ("proto", _) => (
            "{t} accetta connessioni ma non risponde come deve: guarda il registro del programma e il carico della macchina; spesso basta riavviarlo.",
            "{t} accepts connections but does not answer as it must: look at its log and load; a restart often helps.",
        ),
        ("tcp", _) => (
            "Su {t} è aperta una porta che deve essere chiusa: chiudila sul firewall o ferma il programma, e avvisa chi segue la sicurezza.",
            "A port that must be closed is open at {t}: close it, and tell whoever answers for security.",
        ),
        ("assert", _) => (
            "{t} risponde, ma non con ciò che ci si aspetta: aprilo con un browser (o ripeti la prova) e confronta; guarda il registro dell'applicazione e la sua base dati.",
            "{t} answers, but not with what is expected: open it in a browser and compare; look at the application's log and database.",
        ),
        ("slow" | "flaky", _) => (
            "Funziona, ma male: guarda il carico della macchina, della base dati e della linea. Conta come disponibile.",
            "It works, but badly: look at the load of machine, database and line. It counts as up.",
        ),
        ("dns", _) => (
            "Il server DNS {t} risponde male o non risponde: guarda se il suo programma è in esecuzione e l'ultima modifica alla zona.",
            "The name server {t} answers badly or not at all: does its program run, and what changed in the zone?",
        ),
        ("limit", _) => (
            "{t} rifiuta perché riceve troppe richieste: guarda da dove vengono; se sono solo le nostre, allunga «every» del controllo.",
            "{t} receives too many requests: see from where; if they are ours alone, raise the check's `every`.",
        ),
        ("auth", _) => (
            "{t} rifiuta le credenziali della sonda: guarda se l'account è disabilitato, bloccato o con la password scaduta, sistemalo e aggiorna il segreto sulla sonda.",
            "{t} rejects the agent's credentials: is the account disabled, locked or expired? Mend it and renew the agent's secret.",
        ),
        ("oidc" | "saml", _) => (
            "L'accesso unico (SSO) non è in ordine: prova a entrare con un browser; guarda il gestore di identità {t}, le sue chiavi, i certificati e i metadati.",
            "Single sign-on is not in order: try to log in with a browser; look at the identity provider {t}, its keys and metadata.",
        ),
        ("journey", _) => (
            "Un passo del percorso su {t} non riesce: rifallo con un browser e chiama chi gestisce il portale.",
            "A step through {t} fails: do it in a browser and call whoever runs the portal.",
        ),
        ("ntp", _) => (
            "Il server dell'ora {t} non è affidabile: su di esso guarda «chronyc tracking» e «chronyc sources».",
            "The time server {t} cannot be trusted: look at `chronyc tracking` and `chronyc sources` there.",
        ),
        ("heartbeat", _) => (
            "Il lavoro non è riuscito o non si è segnalato: guarda il suo registro sulla macchina che lo esegue, togli la causa (spesso lo spazio su disco) e rilancialo; la prima corsa riuscita chiude l'avviso.",
            "The job failed or did not report: read its log on the machine that runs it, remove the cause (often disk space) and run it again; the first good run ends this.",
        ),
        ("ldap" | "krb" | "domain", _) => (
            "Il dominio o la directory {t} non è in ordine: guarda se i controllori sono accesi, sincronizzati fra loro e con l'ora giusta («dcdiag», «repadmin /replsummary» o «samba-tool drs showrepl»).",
            "The domain or directory {t} is not in order: are its controllers on, in sync and on time (`dcdiag`, `repadmin /replsummary`, `samba-tool drs showrepl`)?",
        ),
        ("radius", _) => (
            "Il server di accesso RADIUS {t} non risponde come deve: guarda se è in esecuzione e se conosce ancora la sonda con lo stesso segreto.",
            "The RADIUS server {t} does not answer as it must: does it run, and does it know the agent with the same secret?",
        ),
        (_, Reason::SnmpOnBattery | Reason::SnmpBattery | Reason::SnmpUpsOutput | Reason::SnmpUpsAlarm) => (
            "Riguarda il gruppo di continuità {t}: guarda subito se c'è corrente; se manca, la batteria dura poco e le macchine vanno spente in ordine.",
            "It is about the UPS {t}: is there mains power? If not, the battery is short: shut machines down in order.",
        ),
        ("snmp", _) => (
            "L'apparato {t} segnala un guasto o non si lascia interrogare: guardane la console di gestione, l'alimentazione e i cavi.",
            "The device {t} reports a fault or cannot be asked: look at its management page, power and cables.",
        ),
        ("smtp" | "imap" | "pop3" | "mail", _) => (
            "La posta non passa come deve da {t}: guarda code, registro e spazio su disco del server di posta; se la posta è di un fornitore (Microsoft 365), il suo stato del servizio.",
            "Mail does not pass through {t} as it must: look at the server's queues, log and disk; with a provider (Microsoft 365), at its service status.",
        ),
        ("proxy", _) => (
            "La navigazione non passa come deve: prova da un ufficio con un browser, poi guarda proxy, filtro e linea verso Internet.",
            "Browsing does not pass as it must: try from an office, then look at proxy, filter and the line out.",
        ),
        ("portal", _) => (
            "Il portale di accesso del WiFi non è in ordine: prova con un telefono, poi guarda {t}, il controller e la sua uscita verso Internet.",
            "The WiFi's portal is not in order: try with a phone, then look at {t}, the controller and its way out.",
        ),
        ("content", _) => (
            "La pagina {t} non è più quella di prima: aprila; se sembra alterata da estranei avvisa subito chi segue la sicurezza.",
            "The page {t} is not what it was: open it; if strangers seem to have changed it, tell whoever answers for security at once.",
        ),
        ("registration", _) => (
            "La registrazione del dominio {t} va rinnovata presso chi lo registra, prima che finisca.",
            "Renew the registration of the domain {t} before it ends.",
        ),
        ("ap", _) => (
            "L'access point non è in funzione: guarda se ha corrente (PoE sulla porta dello switch), il cavo e lo stato sul controller.",
            "The access point is not working: look at its power (PoE at the switch), cable and state at the controller.",
        ),
        _ => (
            "Guarda che cosa dice la prova della sonda, poi il registro del programma che sta su {t}.",
            "See what the agent's own test says, then the log of what runs at {t}.",
        ),
    };
    let text = match lang {
        Lang::It => it,
        Lang::En => en,
    };
    text.replace("{t}", target)
}

/// What to do about something that needs no hurry; `name` is its own, `target` what is asked.
pub(super) fn of_notice(kind: NoticeKind, reason: Reason, name: &str, target: &str) -> String {
    match kind {
        NoticeKind::Degraded | NoticeKind::Member | NoticeKind::Heartbeat => {
            format!("{} Per vedere: vedetta-agent probe {name}", of_reason(reason, target, Lang::It))
        }
        NoticeKind::Certificate => format!(
            "Rinnovalo prima di quel giorno e ricarica il programma che lo usa. Per vedere la nuova scadenza: vedetta-agent probe {name}"
        ),
        NoticeKind::Coverage => format!(
            "Il tempo non misurato indebolisce la prova dell'impegno: vedetta gaps {name} dice perché manca e che cosa lo chiarisce."
        ),
        NoticeKind::Clock => format!(
            "Sulla macchina della sonda {name} guarda «timedatectl» e «chronyc tracking»; con l'ora sbagliata le sue misure contano come non osservate."
        ),
        NoticeKind::Agent => format!(
            "Sulla macchina della sonda {name} guarda «systemctl status vedetta-agent» e «vedetta-agent status». Le misure fatte non vanno perse: arrivano quando torna."
        ),
        NoticeKind::Backup => {
            "Guarda perché la copia della cartella di stato del collettore non riesce, e rifalla oggi."
                .to_owned()
        }
        NoticeKind::Configuration => {
            "Correggi il file al punto indicato; poi «vedetta check» e «vedetta reload».".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a new family of reasons would fall into.
    #[test]
    fn every_reason_has_advice_of_its_family() {
        let general = of_reason(Reason::Unlisted, "10.0.0.25:25", Lang::It);
        for reason in Reason::ALL.iter().filter(|reason| reason.name().contains('.')) {
            for lang in [Lang::It, Lang::En] {
                let told = of_reason(*reason, "10.0.0.25:25", lang);
                assert!(told.ends_with(['.', '?']) && !told.contains("{t}"), "{reason}: {told}");
                assert_ne!(told, general, "{reason}");
            }
        }
    }
}
