//! The stories: what the issue promises, told with real daemons on loopback. One file each.

#![expect(clippy::unwrap_used, reason = "a story's helpers fail by panicking too")]

mod outage_shows_up;
mod alerts;
mod mails_leave;
mod declarations;
mod collector_away;
mod collector_killed;
mod collector_silent;
mod disk_full;
mod real_servers;
mod certificates;
mod browsing;
mod restored_copy;
mod bad_requests;
mod network_cut;
mod name_servers;
mod black_holes;
mod time_servers;
mod mail;
mod heartbeats;
mod directories;
mod domain;
mod echoes;
mod sso;
mod snmp;
mod access_points;
mod simulated_devices;
mod past_year;
mod scraped;
mod dashboards;
mod prometheus_tells;
mod sealed_year;
mod service_manager;
