//! slapd and `FreeRADIUS`, as our probes and the plugins see them.

use harness::directories::{FreeRadius, PASSWORD, Slapd};

use crate::field::{Field, Row};

const UP: (&str, &str) = ("up", "none");
const RADCLI: &str = "Debian 12's plugin does not know the code by which its library tells of a rejection: \
    \"Unexpected result code 2\"";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    Row { name: "a directory, for anybody", ours: "probe: ldap, security: plain, base: \"dc=comune,dc=example\"", target: "127.0.0.1:{ldap}", plugin: "check_ldap", theirs: "-H 127.0.0.1 -p {ldap} -3 -b dc=comune,dc=example", says: UP, they_say: "up", why: "" },
    Row { name: "somebody who binds", ours: "probe: ldap, security: plain, base: \"dc=comune,dc=example\", user: \"cn=sonda,dc=comune,dc=example\", secret: sonda", target: "127.0.0.1:{ldap}", plugin: "check_ldap", theirs: "-H 127.0.0.1 -p {ldap} -3 -b dc=comune,dc=example -D cn=sonda,dc=comune,dc=example -P {password}", says: UP, they_say: "up", why: "" },
    Row { name: "a wrong password", ours: "probe: ldap, security: plain, base: \"dc=comune,dc=example\", user: \"cn=sonda,dc=comune,dc=example\", secret: altra", target: "127.0.0.1:{ldap}", plugin: "check_ldap", theirs: "-H 127.0.0.1 -p {ldap} -3 -b dc=comune,dc=example -D cn=sonda,dc=comune,dc=example -P sbagliata", says: ("down", "auth.rejected"), they_say: "down", why: "" },
    Row { name: "nobody is found", ours: "probe: ldap, security: plain, base: \"dc=comune,dc=example\", scope: sub, filter: \"(cn=Bruno)\"", target: "127.0.0.1:{ldap}", plugin: "check_ldap", theirs: "-H 127.0.0.1 -p {ldap} -3 -b dc=comune,dc=example -a (cn=Bruno)", says: ("down", "ldap.no_entries"), they_say: "up", why: "a search that finds nobody is what a directory that lost its entries answers; check_ldap counts only with `-C`" },
    Row { name: "nobody is found, and they are counted", ours: "probe: ldap, security: plain, base: \"dc=comune,dc=example\", scope: sub, filter: \"(cn=Bruno)\"", target: "127.0.0.1:{ldap}", plugin: "check_ldap", theirs: "-H 127.0.0.1 -p {ldap} -3 -b dc=comune,dc=example -a (cn=Bruno) -C 1:", says: ("down", "ldap.no_entries"), they_say: "down", why: "" },
    Row { name: "a base that is not there", ours: "probe: ldap, security: plain, base: \"dc=altrove,dc=example\"", target: "127.0.0.1:{ldap}", plugin: "check_ldap", theirs: "-H 127.0.0.1 -p {ldap} -3 -b dc=altrove,dc=example", says: ("down", "ldap.code"), they_say: "down", why: "" },
    Row { name: "under TLS", ours: "probe: ldap, base: \"dc=comune,dc=example\", tls: {authority: radice.pem}", target: "127.0.0.1:{ldaps}", plugin: "check_ldap", theirs: "LDAPTLS_CACERT={ca} -H 127.0.0.1 -p {ldaps} -3 -S -b dc=comune,dc=example", says: UP, they_say: "up", why: "" },
    Row { name: "after STARTTLS", ours: "probe: ldap, security: starttls, base: \"dc=comune,dc=example\", tls: {authority: radice.pem}", target: "127.0.0.1:{ldap}", plugin: "check_ldap", theirs: "LDAPTLS_CACERT={ca} -H 127.0.0.1 -p {ldap} -3 -T -b dc=comune,dc=example", says: UP, they_say: "up", why: "" },
    Row { name: "an authority that nobody trusts", ours: "probe: ldap, base: \"dc=comune,dc=example\"", target: "127.0.0.1:{ldaps}", plugin: "check_ldap", theirs: "-H 127.0.0.1 -p {ldaps} -3 -S -b dc=comune,dc=example", says: ("down", "tls.untrusted"), they_say: "down", why: "" },
    Row { name: "a certificate that ends in five days", ours: "probe: ldap, base: \"dc=comune,dc=example\", tls: {authority: radice.pem}", target: "127.0.0.1:{short.ldaps}", plugin: "check_ldap", theirs: "LDAPTLS_CACERT={ca} -H 127.0.0.1 -p {short.ldaps} -3 -S -b dc=comune,dc=example", says: ("degraded", "tls.expiring"), they_say: "up", why: "the plugin does not look at when a certificate ends" },
    Row { name: "an expired certificate", ours: "probe: ldap, base: \"dc=comune,dc=example\", tls: {authority: radice.pem}", target: "127.0.0.1:{old.ldaps}", plugin: "check_ldap", theirs: "LDAPTLS_CACERT={ca} -H 127.0.0.1 -p {old.ldaps} -3 -S -b dc=comune,dc=example", says: ("down", "tls.expired"), they_say: "down", why: "" },
    Row { name: "nobody listens", ours: "probe: ldap, security: plain", target: "127.0.0.1:{closed}", plugin: "check_ldap", theirs: "-H 127.0.0.1 -p {closed} -3 -b dc=comune,dc=example", says: ("down", "connect.refused"), they_say: "down", why: "" },
    Row { name: "a user who gets in", ours: "probe: radius, secret: radius, user: sonda, user_secret: sonda", target: "127.0.0.1:{radius}", plugin: "check_radius", theirs: "-H 127.0.0.1 -P {radius} -F {folder}/radiusclient.conf -u sonda -p {password} -t 2 -r 1", says: UP, they_say: "up", why: "" },
    Row { name: "a wrong password", ours: "probe: radius, secret: radius, user: sonda, user_secret: altra", target: "127.0.0.1:{radius}", plugin: "check_radius", theirs: "-H 127.0.0.1 -P {radius} -F {folder}/radiusclient.conf -u sonda -p sbagliata -t 2 -r 1", says: ("down", "radius.reject"), they_say: "unknown", why: RADCLI },
    Row { name: "a wrong shared secret", ours: "probe: radius, secret: altra, user: sonda, user_secret: sonda", target: "127.0.0.1:{radius}", plugin: "check_radius", theirs: "-H 127.0.0.1 -P {radius} -F {folder}/wrong.conf -u sonda -p {password} -t 2 -r 1", says: ("down", "radius.no_reply"), they_say: "unknown", why: RADCLI },
    Row { name: "nobody listens", ours: "probe: radius, secret: radius, user: sonda, user_secret: sonda", target: "127.0.0.1:{closed}", plugin: "check_radius", theirs: "-H 127.0.0.1 -P {closed} -F {folder}/radiusclient.conf -u sonda -p {password} -t 2 -r 1", says: ("down", "connect.refused"), they_say: "down", why: "" },
];

#[test]
fn directories_are_what_the_table_says() {
    let mut field = Field::new();
    let mut servers = Vec::new();
    for (word, days) in [("", 365), ("short.", 5), ("old.", -1)] {
        let Some(mut slapd) = Slapd::start(&field.room(&format!("{word}ldap"))) else { return };
        slapd.show(&field.authority.certificate(&["127.0.0.1"], days));
        field.say(&format!("{word}ldap"), slapd.port);
        field.say(&format!("{word}ldaps"), slapd.tls_port);
        servers.push(slapd);
    }
    let Some(mut radius) = FreeRadius::start(&field.room("radius"), "condiviso") else { return };
    radius.sign();
    radius.serve("condiviso", PASSWORD);
    field.say("radius", radius.port);
    field.say("password", PASSWORD);
    for (config, secret) in [("radiusclient", "condiviso"), ("wrong", "un-altro")] {
        let servers = field.path(&format!("{config}.servers"));
        std::fs::write(&servers, format!("127.0.0.1 {secret}\n")).unwrap();
        let text = format!(
            "nas-identifier vedetta\nauthserver 127.0.0.1:{}\nservers {}\ndictionary /etc/radcli/dictionary\n\
             default_realm\nradius_timeout 2\nradius_retries 1\nbindaddr *\n",
            radius.port,
            servers.display()
        );
        std::fs::write(field.path(&format!("{config}.conf")), text).unwrap();
    }
    field.assert_agrees(ROWS, &[("sonda", PASSWORD), ("altra", "sbagliata"), ("radius", "condiviso")]);
}
