//! What happened in the year: outages of every cause, and every way not to see one.
//!
//! All times are minutes of the year, so that a reader can check them against the model's figures by hand.

use collector_api::{Reason, Verdict};

/// The instant at which minute 0 is: 2025-01-01 00:00 in Rome.
pub(crate) const START_MS: i64 = 1_735_686_000_000;
/// 2026-01-01 00:00 in Rome.
pub(crate) const END_MS: i64 = START_MS + 365 * DAY * MINUTE_MS;
/// 2025-06-01 00:00 in Rome, in summer time: the day of the only access point that came later.
pub(crate) const MEMBER_SINCE_MS: i64 = START_MS + (151 * DAY - HOUR) * MINUTE_MS;
pub(crate) const MINUTE_MS: i64 = 60_000;
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// What became of the samples of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// They say this.
    Says(Verdict, Reason),
    /// The agent's host was off: there are none, and the agent starts again.
    Silence,
    /// They were taken and lost before they were delivered; the agent says so.
    Loss,
    /// Nothing bounded the agent's clock when they were delivered.
    Doubt,
}

/// Something that happened to some checks, seen from some sites.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    /// Of the samples taken in `[from, to)`, minutes of the year.
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Checks whose id begins so.
    checks: &'static str,
    /// Seen from one agent only; from all when empty.
    agent: &'static str,
    pub(crate) effect: Effect,
}

const fn fails(from: i64, to: i64, checks: &'static str, reason: Reason) -> Event {
    Event { from, to, checks, agent: "", effect: Effect::Says(Verdict::Down, reason) }
}

const fn on(agent: &'static str, event: Event) -> Event {
    Event { agent, ..event }
}

const fn whole(agent: &'static str, from: i64, to: i64, effect: Effect) -> Event {
    Event { from, to, checks: "", agent, effect }
}

/// In no order; of two that touch a sample the first decides.
pub(crate) const EVENTS: &[Event] = &[
    // Before the year, into it: only the year's part counts.
    fails(-5 * HOUR, 7 * HOUR, "intranet.sso", Reason::ConnectTimeout),
    // One resolver of two: degraded at most.
    fails(80 * DAY, 84 * DAY, "data_center.dns.dns1", Reason::ConnectTimeout),
    // Both: the offices have no names.
    fails(90 * DAY, 90 * DAY + 9 * HOUR, "data_center.dns.", Reason::DnsServfail),
    // The night the clocks go forward, and the one they go back.
    fails(88 * DAY, 88 * DAY + 6 * HOUR, "data_center.base.san", Reason::ConnectRefused),
    fails(298 * DAY, 298 * DAY + 6 * HOUR, "data_center.base.firewall", Reason::ConnectAdminProhibited),
    // A certificate that nobody renewed, over a weekend.
    fails(130 * DAY, 132 * DAY + 3 * HOUR, "intranet.sso", Reason::TlsExpired),
    // One application of four: 80% of four is all of them.
    fails(140 * DAY, 140 * DAY + 5 * HOUR, "data_center.sistemi.tributi", Reason::AssertStatus),
    // A courtesy page.
    fails(150 * DAY, 150 * DAY + 4 * HOUR, "front_end.servizi_on_line", Reason::AssertBodyForbidden),
    // A single failure: a blip.
    fails(155 * DAY, 155 * DAY + HOUR, "data_center.base.firewall", Reason::ConnectTimeout),
    // The clocks of both servers drift: slow, not down.
    Event {
        from: 160 * DAY,
        to: 170 * DAY,
        checks: "data_center.ntp",
        agent: "",
        effect: Effect::Says(Verdict::Degraded, Reason::Slow),
    },
    // The school is cut off: its own canaries say so, but browsing is promised there.
    on("pas1", fails(180 * DAY, 190 * DAY, "intranet.web", Reason::ConnectNetUnreachable)),
    whole("pas1", 180 * DAY, 190 * DAY, Effect::Says(Verdict::Unknown, Reason::AgentNetworkDown)),
    // Two sites of three see mail fail, then one of three.
    on("ced1", fails(200 * DAY, 200 * DAY + 8 * HOUR, "intranet.posta.lettura", Reason::ProtoTimeout)),
    on("bib1", fails(200 * DAY, 200 * DAY + 20 * HOUR, "intranet.posta.lettura", Reason::ProtoTimeout)),
    // Access points: one dead for forty days, then all useless without their uplink.
    fails(100 * DAY, 140 * DAY, "wifi.ap.roma-2", Reason::ConnectHostUnreachable),
    fails(210 * DAY, 212 * DAY, "wifi.uscita", Reason::AssertStatus),
    // Nobody looked from the data center for three days, during which something failed as well.
    fails(221 * DAY, 222 * DAY, "data_center.base.host", Reason::ConnectTimeout),
    whole("ced1", 220 * DAY, 223 * DAY, Effect::Silence),
    // The library's agent lost a day of its spool.
    whole("bib1", 230 * DAY, 231 * DAY, Effect::Loss),
    // The clock of the agent outside was not to be believed.
    whole("vps1", 240 * DAY, 241 * DAY, Effect::Doubt),
    // Both of the firewall's doors while another charter comes into force, in planned work.
    fails(195 * DAY + 10 * HOUR, 195 * DAY + 16 * HOUR, "data_center.base.firewall", Reason::ConnectTimeout),
    // One of two stores: enough by the first charter, not by the second.
    fails(102 * DAY, 102 * DAY + 5 * HOUR, "data_center.base.san.san1", Reason::ConnectRefused),
    fails(305 * DAY, 305 * DAY + 5 * HOUR, "data_center.base.san.san1", Reason::ConnectRefused),
    // One resolver in planned work, and meanwhile the other.
    fails(260 * DAY, 260 * DAY + 6 * HOUR, "data_center.dns.dns1", Reason::ConnectTimeout),
    fails(260 * DAY + 2 * HOUR, 260 * DAY + 4 * HOUR, "data_center.dns.dns2", Reason::ConnectTimeout),
    // It goes on into the next year.
    fails(364 * DAY + 20 * HOUR, 367 * DAY, "data_center.backup.server", Reason::ConnectRefused),
];

/// When the second charter came into force: 2025-07-15, at no round instant.
pub(crate) const CHANGE_MS: i64 = START_MS + 195 * DAY * MINUTE_MS + 45_296_789;

/// Work that people planned, in minutes of the year.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) scope: &'static str,
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// When it was entered.
    pub(crate) entered: i64,
    /// Was that two days before, or more?
    pub(crate) in_time: bool,
}

const fn planned(scope: &'static str, from: i64, to: i64) -> Planned {
    Planned { scope, from, to, entered: -3 * DAY, in_time: true }
}

/// In the order of entry.
pub(crate) const PLANNED: &[Planned] = &[
    planned("data_center.dns", 90 * DAY + HOUR, 90 * DAY + 5 * HOUR),
    // Across the change of charters.
    planned("data_center.base", 195 * DAY + 8 * HOUR, 195 * DAY + 20 * HOUR),
    // Twice the same hour.
    planned("intranet.posta", 200 * DAY + 2 * HOUR, 200 * DAY + 6 * HOUR),
    planned("intranet.posta.lettura", 200 * DAY + 5 * HOUR, 200 * DAY + 7 * HOUR),
    // Nothing stopped.
    planned("front_end", 250 * DAY, 250 * DAY + 3 * HOUR),
    planned("data_center.dns.dns1", 260 * DAY + HOUR, 260 * DAY + 5 * HOUR),
    Planned {
        scope: "data_center.base.firewall",
        from: 298 * DAY + HOUR,
        to: 298 * DAY + 3 * HOUR,
        entered: 298 * DAY,
        in_time: false,
    },
];

/// What people declared afterwards; the first instant and the end as they are typed and in minutes of the year.
#[derive(Debug)]
pub(crate) struct Correction {
    pub(crate) scope: &'static str,
    pub(crate) typed: [&'static str; 2],
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Proven down; else annulled.
    pub(crate) down: bool,
}

pub(crate) const CORRECTIONS: &[Correction] = &[
    // Half of an outage was a wrong measurement.
    Correction {
        scope: "data_center.base.san",
        typed: ["2025-03-29T23:00:00Z", "2025-03-30T02:30:00Z"],
        from: 88 * DAY,
        to: 88 * DAY + 3 * HOUR + 30,
        down: false,
    },
    // Nobody could log in, and no probe saw it.
    Correction {
        scope: "intranet.sso",
        typed: ["2025-07-01T08:00:00Z", "2025-07-01T11:00:00Z"],
        from: 181 * DAY + 9 * HOUR,
        to: 181 * DAY + 12 * HOUR,
        down: true,
    },
];

/// What became of a sample of `check` that `agent` took at `at_ms`.
pub(crate) fn effect(check: &str, agent: &str, at_ms: i64) -> Option<Effect> {
    let touched = EVENTS.iter().find(|event| {
        let stretch = START_MS + event.from * MINUTE_MS..START_MS + event.to * MINUTE_MS;
        let here = event.agent.is_empty() || event.agent == agent;
        here && check.starts_with(event.checks) && stretch.contains(&at_ms)
    });
    touched.map(|event| event.effect)
}

/// What became of everything `agent` did at `at_ms`.
pub(crate) fn of_agent(agent: &str, at_ms: i64) -> Option<Effect> {
    effect("", agent, at_ms).filter(|effect| !matches!(effect, Effect::Says(..)))
}
