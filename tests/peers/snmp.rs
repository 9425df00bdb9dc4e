//! One device of net-snmp's, seen by `probe: snmp` and by `check_snmp`.

use harness::snmp_agents::{AUTH, COMMUNITY, PRIVACY, SnmpAgent, UPTIME, USER};

use crate::plugins::{Pair, Row};

pub(crate) const PAIR: Pair = Pair { kind: "snmp", plugin: "check_snmp" };

const TEMPERATURE: &str = ".1.3.6.1.4.1.8072.9999.9999.1.0";
const STATE: &str = ".1.3.6.1.4.1.8072.9999.9999.2.0";
const ABSENT: &str = ".1.3.6.1.4.1.8072.9999.9999.9.0";
const SYS_UPTIME: &str = ".1.3.6.1.2.1.1.3.0";

const UP: (&str, &str) = ("up", "none");

/// Secrets of ours, by their names.
pub(crate) const SECRETS: [(&str, &str); 4] =
    [("comunita", COMMUNITY), ("firme", AUTH), ("cifratura", PRIVACY), ("altra", "un'altra frase")];

const SILENT: &str = "the device answers an echo, so it is its agent that is silent, or does not know who asks: degraded, \
                      which counts as up; the plugin cannot tell the two apart, and knows nothing";
const REFUSED: &str =
    "an agent that turns us away is there: degraded, with the reason; the plugin knows nothing";

/// The peer's state, one after the other.
pub(crate) fn rows() -> Vec<Row<SnmpAgent>> {
    let limits = |warn: u32, crit: u32| {
        let name = "name: temperatura";
        format!("values: [{{oid: {TEMPERATURE}, {name}, warn: \"> {warn}\", crit: \"> {crit}\"}}]")
    };
    let beyond = |warn: u32, crit: u32| format!("-o {TEMPERATURE} -w {warn} -c {crit}");
    let mut rows = vec![
        row("a value within its limits", tell, &limits(40, 60), &beyond(40, 60), UP, "up", ""),
        row("a value at its limit", tell, &limits(35, 60), &beyond(35, 60), UP, "up", ""),
        row(
            "a value beyond its warning",
            tell,
            &limits(30, 60),
            &beyond(30, 60),
            ("degraded", "snmp.value"),
            "degraded",
            "",
        ),
        row("a critical value", tell, &limits(20, 30), &beyond(20, 30), ("down", "snmp.value"), "down", ""),
        row(
            "a negative value",
            |agent| agent.tell(&[(TEMPERATURE, "integer", "-5")]),
            &limits(40, 60),
            &beyond(40, 60),
            UP,
            "down",
            "`> 60` is said of numbers beyond 60; the plugin's `-c 60` is the range from 0 to 60, below which -5 is critical",
        ),
        row(
            "a number that is told as text",
            |agent| agent.tell(&[(TEMPERATURE, "string", "41.5")]),
            &limits(40, 60),
            &beyond(40, 60),
            ("degraded", "snmp.value"),
            "degraded",
            "",
        ),
        row(
            "a value that is not there",
            tell,
            &format!("values: [{{oid: {ABSENT}, name: manca, crit: \"> 60\"}}]"),
            &format!("-o {ABSENT} -c 60"),
            ("degraded", "snmp.no_such"),
            "unknown",
            "the device is there and answers; what it does not have may be the charter's mistake, and is no outage",
        ),
        row(
            "one value that is not there beside one that is critical",
            tell,
            &format!(
                "values: [{{oid: {ABSENT}, name: manca, crit: \"> 60\"}}, \
                 {{oid: {TEMPERATURE}, name: temperatura, crit: \"> 30\"}}]"
            ),
            &format!("-o {ABSENT},{TEMPERATURE} -c 60,30"),
            ("down", "snmp.value"),
            "unknown",
            "one value that is not there does not hide the others; the plugin drops what snmpget has told beside it",
        ),
        row(
            "a device that has just restarted",
            |agent| agent.tell(&[(UPTIME, "timeticks", "500")]),
            "values: []",
            &format!("-o {SYS_UPTIME}"),
            ("degraded", "snmp.restarted"),
            "up",
            "a restart nobody asked for is worth a look; the plugin has no rule for it",
        ),
    ];
    rows.extend(of_texts());
    rows.extend(of_users());
    rows.extend([
        row("its agent hangs", |agent| agent.freeze(), "values: []", QUICK, SILENT_SAYS, "unknown", SILENT),
        row("its agent is gone", SnmpAgent::stop, "values: []", QUICK, SILENT_SAYS, "unknown", SILENT),
    ]);
    rows
}

fn row(
    name: &'static str,
    prepare: fn(&mut SnmpAgent),
    keys: &str,
    arguments: &str,
    says: (&'static str, &'static str),
    they_say: &'static str,
    why: &'static str,
) -> Row<SnmpAgent> {
    Row {
        name,
        prepare,
        keys: format!(", version: 2c, secret: comunita, {keys}"),
        arguments: words(&format!("-P 2c -C {COMMUNITY} {arguments}")),
        says,
        they_say,
        why,
    }
}

fn of_texts() -> Vec<Row<SnmpAgent>> {
    vec![
        row(
            "a text as wanted",
            tell,
            &format!("values: [{{oid: {STATE}, name: stato, equals: attivo}}]"),
            &format!("-o {STATE} -r attivo"),
            UP,
            "up",
            "",
        ),
        row(
            "another text",
            tell,
            &format!("values: [{{oid: {STATE}, name: stato, equals: passivo}}]"),
            &format!("-o {STATE} -r passivo"),
            ("down", "snmp.value"),
            "down",
            "",
        ),
        row(
            "a text as wanted, compared whole",
            tell,
            &format!("values: [{{oid: {STATE}, name: stato, equals: attivo}}]"),
            &format!("-o {STATE} -s attivo"),
            UP,
            "down",
            "the plugin compares what snmpget prints, which puts a text in quotes",
        ),
    ]
}

const SILENT_SAYS: (&str, &str) = ("degraded", "snmp.agent_silent");
/// Of the plugin: no further try.
const QUICK: &str = "-o .1.3.6.1.2.1.1.3.0 -t 1 -e 0";

/// Who asks, and with what.
fn of_users() -> Vec<Row<SnmpAgent>> {
    let user = |name, user: &str, ours: &str, theirs: (&str, &str), says, they_say, why| {
        let (auth, privacy) = theirs;
        let mut arguments = words(&format!("-P 3 -L authPriv -U {user} -a SHA-256 -x AES {QUICK}"));
        arguments.extend(["-A", auth, "-X", privacy].map(str::to_owned));
        Row {
            name,
            prepare: tell as fn(&mut SnmpAgent),
            keys: format!(", version: \"3\", user: {user}, auth: sha256, privacy: aes128, {ours}"),
            arguments,
            says,
            they_say,
            why,
        }
    };
    let right = "secret: firme, privacy_secret: cifratura";
    let other = SECRETS[3].1;
    let auth = ("degraded", "snmp.auth");
    vec![
        Row {
            name: "another community",
            prepare: tell,
            keys: ", version: 2c, secret: altra".to_owned(),
            arguments: words(&format!("-P 2c -C altra {QUICK}")),
            says: SILENT_SAYS,
            they_say: "unknown",
            why: SILENT,
        },
        user("version 3, signed and encrypted", USER, right, (AUTH, PRIVACY), UP, "up", ""),
        user("a user it does not know", "nessuno", right, (AUTH, PRIVACY), auth, "unknown", REFUSED),
        user(
            "another passphrase of signatures",
            USER,
            "secret: altra, privacy_secret: cifratura",
            (other, PRIVACY),
            auth,
            "unknown",
            REFUSED,
        ),
        user(
            "another passphrase of encryption",
            USER,
            "secret: firme, privacy_secret: altra",
            (AUTH, other),
            auth,
            "unknown",
            "it says who it is and drops what it cannot decrypt: degraded, with the reason; the plugin knows nothing",
        ),
    ]
}

/// 35 degrees, and in operation.
fn tell(agent: &mut SnmpAgent) {
    agent.tell(&[(TEMPERATURE, "integer", "35"), (STATE, "string", "attivo")]);
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
