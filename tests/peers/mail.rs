//! Postfix and dovecot, as our probes and the plugins see them.

use harness::mail_servers::{MailPorts, MailServers};

use crate::field::{Field, Row};

const UP: (&str, &str) = ("up", "none");
const PASSWORD: &str = "parola-lunga";
const WARNS_ONLY: &str = "an answer other than the wanted one is a warning to check_smtp, whatever was refused: nobody is \
    called, and no availability falls";
const NO_CERTIFICATE: &str = "the plugin speaks TLS with whoever answers, and looks at the certificate only when \
    `-D` asks for nothing else";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    Row { name: "a server that greets", ours: "probe: smtp, mode: plain, depth: ehlo", target: "127.0.0.1:{clear}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {clear}", says: UP, they_say: "up", why: "" },
    Row { name: "one that offers STARTTLS", ours: "probe: smtp, depth: tls, tls: {authority: radice.pem}", target: "127.0.0.1:{submission}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {submission} -S", says: UP, they_say: "up", why: "" },
    Row { name: "one that does not", ours: "probe: smtp, depth: tls, tls: {authority: radice.pem}", target: "127.0.0.1:{clear}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {clear} -S", says: ("down", "smtp.no_starttls"), they_say: "degraded", why: "whoever strips the offer must not be able to listen; check_smtp warns and goes on" },
    Row { name: "a login", ours: "probe: smtp, login: {user: sonda, secret: posta, method: login}, tls: {authority: radice.pem}", target: "127.0.0.1:{submission}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {submission} -S -A LOGIN -U sonda -P parola-lunga", says: UP, they_say: "up", why: "" },
    Row { name: "a login with a wrong password", ours: "probe: smtp, login: {user: sonda, secret: sbagliata, method: login}, tls: {authority: radice.pem}", target: "127.0.0.1:{submission}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {submission} -S -A LOGIN -U sonda -P sbagliata", says: ("down", "auth.rejected"), they_say: "down", why: "" },
    Row { name: "a mailbox that is known", ours: "probe: smtp, mode: plain, sender: sonda@comune.example, rcpt: sonda@comune.example", target: "127.0.0.1:{clear}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {clear} -f sonda@comune.example -C RCPT_TO:<sonda@comune.example> -R 250", says: UP, they_say: "up", why: "" },
    Row { name: "one that is not", ours: "probe: smtp, mode: plain, sender: sonda@comune.example, rcpt: nessuno@comune.example", target: "127.0.0.1:{clear}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {clear} -f sonda@comune.example -C RCPT_TO:<nessuno@comune.example> -R 250", says: ("down", "smtp.mailbox_unknown"), they_say: "degraded", why: WARNS_ONLY },
    Row { name: "a relay that refuses, as it should", ours: "probe: smtp, mode: plain, sender: sonda@comune.example, rcpt: a@altrove.example, rcpt_is: refused", target: "127.0.0.1:{clear}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {clear} -f sonda@comune.example -C RCPT_TO:<a@altrove.example> -R 554", says: UP, they_say: "up", why: "" },
    Row { name: "an open relay", ours: "probe: smtp, sender: sonda@comune.example, rcpt: a@altrove.example, rcpt_is: refused, tls: {authority: radice.pem}", target: "127.0.0.1:{open}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {open} -f sonda@comune.example -C RCPT_TO:<a@altrove.example> -R 554", says: ("down", "smtp.open_relay"), they_say: "degraded", why: WARNS_ONLY },
    Row { name: "an expired certificate", ours: "probe: smtp, depth: tls, tls: {authority: radice.pem}", target: "127.0.0.1:{old.submission}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {old.submission} -S", says: ("down", "tls.expired"), they_say: "up", why: NO_CERTIFICATE },
    Row { name: "an expired certificate, asked for", ours: "probe: smtp, depth: tls, tls: {authority: radice.pem}", target: "127.0.0.1:{old.submission}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {old.submission} -S -D 7", says: ("down", "tls.expired"), they_say: "down", why: "" },
    Row { name: "an authority that nobody trusts", ours: "probe: smtp, depth: tls", target: "127.0.0.1:{submission}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {submission} -S", says: ("down", "tls.untrusted"), they_say: "up", why: NO_CERTIFICATE },
    Row { name: "nobody listens", ours: "probe: smtp", target: "127.0.0.1:{closed}", plugin: "check_smtp", theirs: "-H 127.0.0.1 -p {closed}", says: ("down", "connect.refused"), they_say: "down", why: "" },
    Row { name: "a mailbox", ours: "probe: imap, mode: implicit, login: {user: sonda, secret: posta}, tls: {authority: radice.pem}", target: "127.0.0.1:{imaps}", plugin: "check_simap", theirs: "-H 127.0.0.1 -p {imaps} -E -s a_LOGIN_sonda_parola-lunga\\r\\n -e a_OK -M crit", says: UP, they_say: "up", why: "" },
    Row { name: "a mailbox, with a wrong password", ours: "probe: imap, mode: implicit, login: {user: sonda, secret: sbagliata}, tls: {authority: radice.pem}", target: "127.0.0.1:{imaps}", plugin: "check_simap", theirs: "-H 127.0.0.1 -p {imaps} -E -s a_LOGIN_sonda_sbagliata\\r\\n -e a_OK -M crit", says: ("down", "auth.rejected"), they_say: "down", why: "" },
    Row { name: "a mailbox as good as full", ours: "probe: imap, mode: implicit, login: {user: piena, secret: posta}, quota_warn: 90%, tls: {authority: radice.pem}", target: "127.0.0.1:{imaps}", plugin: "check_simap", theirs: "-H 127.0.0.1 -p {imaps} -E -s a_LOGIN_piena_parola-lunga\\r\\n -e a_OK -M crit", says: ("degraded", "imap.quota"), they_say: "up", why: "the plugin cannot ask for the quota" },
    Row { name: "an expired certificate", ours: "probe: imap, mode: implicit, tls: {authority: radice.pem}", target: "127.0.0.1:{old.imaps}", plugin: "check_simap", theirs: "-H 127.0.0.1 -p {old.imaps}", says: ("down", "tls.expired"), they_say: "up", why: NO_CERTIFICATE },
    Row { name: "nobody listens", ours: "probe: imap, mode: implicit", target: "127.0.0.1:{closed}", plugin: "check_simap", theirs: "-H 127.0.0.1 -p {closed}", says: ("down", "connect.refused"), they_say: "down", why: "" },
    Row { name: "a mailbox", ours: "probe: pop3, mode: implicit, login: {user: sonda, secret: posta}, tls: {authority: radice.pem}", target: "127.0.0.1:{pop3s}", plugin: "check_spop", theirs: "-H 127.0.0.1 -p {pop3s}", says: UP, they_say: "up", why: "" },
    Row { name: "a wrong password", ours: "probe: pop3, mode: implicit, login: {user: sonda, secret: sbagliata}, tls: {authority: radice.pem}", target: "127.0.0.1:{pop3s}", plugin: "check_spop", theirs: "-H 127.0.0.1 -p {pop3s}", says: ("down", "auth.rejected"), they_say: "up", why: "check_spop sends one text and reads one answer: it cannot log in, which takes USER and then PASS" },
    Row { name: "nobody listens", ours: "probe: pop3, mode: implicit", target: "127.0.0.1:{closed}", plugin: "check_spop", theirs: "-H 127.0.0.1 -p {closed}", says: ("down", "connect.refused"), they_say: "down", why: "" },
];

#[test]
fn mail_servers_are_what_the_table_says() {
    let mut field = Field::new();
    let mut servers = Vec::new();
    for (word, days) in [("", 365), ("old.", -1)] {
        let certificate = field.authority.certificate(&["127.0.0.1"], days);
        let room = field.room(&format!("{word}servers"));
        let Some(started) = MailServers::start(&room, &certificate, PASSWORD) else { return };
        let MailPorts { submission, clear, open, imaps, pop3s, .. } = started.ports;
        for (name, port) in
            [("submission", submission), ("clear", clear), ("open", open), ("imaps", imaps), ("pop3s", pop3s)]
        {
            field.say(&format!("{word}{name}"), port);
        }
        servers.push(started);
    }
    field.assert_agrees(ROWS, &[("posta", PASSWORD), ("sbagliata", "sbagliata")]);
}
