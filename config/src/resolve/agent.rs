//! `agent.yaml`: every key has a default, so an empty file is a whole one.

use std::net::IpAddr;
use std::path::Path;

use super::{ask, in_folder};
use crate::text::{Text, say};
use crate::yaml::agent::{AgentKeys, CollectorSilentKeys};
use crate::yaml::duration::Bytes;
use crate::yaml::shape::{At, Report};
use crate::{AgentConfig, CollectorSilent, HostPort};

/// Less could not hold the newest quarter and a day's outage.
const SPOOL_BYTES_MIN: Bytes = Bytes(16 * 1024 * 1024);

/// The agent's own file. Problems are in the report; what they concern is left at its default.
pub(crate) fn agent(keys: &AgentKeys, folder: &Path, report: &mut Report<'_>) -> AgentConfig {
    let default = AgentConfig::default();
    AgentConfig {
        collector: addresses(keys.collector.as_deref(), 8443, report),
        state_directory: keys
            .state
            .as_deref()
            .map_or(default.state_directory, |path| in_folder(path, Some(folder))),
        secrets_directory: keys
            .secrets
            .as_deref()
            .map_or(default.secrets_directory, |path| in_folder(path, Some(folder))),
        allowed_targets: networks(keys.allowed_targets.as_deref(), report),
        spool_bytes_max: spool(keys.spool_bytes_max.as_ref(), default.spool_bytes_max, report),
        heartbeats_listen: keys
            .heartbeats
            .as_ref()
            .and_then(|heartbeats| heartbeats.listen.clone())
            .unwrap_or(default.heartbeats_listen),
        ntp_servers: addresses(keys.ntp_servers.as_deref(), 123, report),
        collector_silent: keys
            .collector_silent
            .as_ref()
            .and_then(|keys| collector_silent(keys, folder, report)),
    }
}

fn collector_silent(
    keys: &CollectorSilentKeys,
    folder: &Path,
    report: &mut Report<'_>,
) -> Option<CollectorSilent> {
    let mut to = Vec::new();
    for key in &keys.to {
        to.push(ask::mail_address(key, report)?);
    }
    if to.is_empty() || to.len() > CollectorSilent::TO_MAX {
        let message = say!(
            "`to` names from 1 to {} addresses",
            "`to` nomina da 1 a {} indirizzi",
            CollectorSilent::TO_MAX
        );
        report.problem(keys.from.at, message);
        return None;
    }
    let after_ms = keys.after.as_ref().map_or(CollectorSilent::AFTER_MS, |after| after.value.0);
    if let Some(after) = keys.after.as_ref().filter(|after| after.value.0 < CollectorSilent::AFTER_MIN_MS) {
        let message = say!(
            "`after` is at least 1m: every restart of the collector would be told otherwise",
            "`after` è almeno 1m: altrimenti si avviserebbe di ogni riavvio del collettore"
        );
        report.problem(after.at, message);
        return None;
    }
    Some(CollectorSilent {
        to,
        from: ask::mail_address(&keys.from, report)?,
        submit: ask::submission(&keys.submit.value, Some(folder), report)?,
        after_ms,
    })
}

fn spool(key: Option<&At<Bytes>>, default: u64, report: &mut Report<'_>) -> u64 {
    match key {
        Some(key) if key.value < SPOOL_BYTES_MIN => {
            let message = say!(
                "`spool_bytes_max` must be at least 16MiB",
                "`spool_bytes_max` deve essere almeno 16MiB"
            );
            report.problem(key.at, message);
            default
        }
        Some(key) => key.value.0,
        None => default,
    }
}

fn addresses(keys: Option<&[At<String>]>, port: u16, report: &mut Report<'_>) -> Vec<HostPort> {
    let mut addresses = Vec::new();
    for key in keys.unwrap_or_default() {
        if let Some(address) = HostPort::parse(&key.value, Some(port)) {
            addresses.push(address);
            continue;
        }
        let message = say!(
            "`{}` is not a host, or a host and a port",
            "`{}` non è un host, né un host con una porta",
            key.value
        );
        report.problem(key.at, message);
    }
    addresses
}

fn networks(keys: Option<&[At<String>]>, report: &mut Report<'_>) -> Vec<String> {
    let mut networks = Vec::new();
    for key in keys.unwrap_or_default() {
        match network(&key.value) {
            Ok(network) => networks.push(network),
            Err(message) => report.problem(key.at, message),
        }
    }
    networks
}

/// `10.0.0.0/8`, or one address; as CIDR. Bits behind the prefix are a slip that would widen or narrow
/// what may be probed without anyone noticing.
fn network(text: &str) -> Result<String, Text> {
    let (address, prefix) =
        text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let not = || {
        say!("`{text}` is not a network such as `10.0.0.0/8`", "`{text}` non è una rete come `10.0.0.0/8`")
    };
    let ip: IpAddr = address.parse().map_err(|_| not())?;
    let (bits, width) = match ip {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()), 32_u32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    };
    let prefix: u32 = match prefix {
        Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= width).ok_or_else(not)?,
        None => width,
    };
    let behind = width - prefix;
    let mask = if behind == 128 { u128::MAX } else { (1_u128 << behind) - 1 };
    if bits & mask != 0 {
        let begin = bits & !mask;
        let begin = match ip {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(begin).map_err(|_| not())?.into()),
            IpAddr::V6(_) => IpAddr::V6(begin.into()),
        };
        return Err(say!(
            "`{text}` names a host within a network; write `{begin}/{prefix}` or `{address}/{width}`",
            "`{text}` nomina un host dentro una rete; scrivi `{begin}/{prefix}` o `{address}/{width}`"
        ));
    }
    Ok(format!("{ip}/{prefix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_exact() {
        for (text, cidr) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.53", "10.0.0.53/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::/0", "::/0"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(network(text).ok().as_deref(), Some(cidr), "{text}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "::/129", "host.example"] {
            assert!(network(bad).is_err(), "{bad}");
        }
        assert_eq!(
            network("10.0.0.5/8").map_err(|text| text.en),
            Err("`10.0.0.5/8` names a host within a network; write `10.0.0.0/8` or `10.0.0.5/32`".to_owned())
        );
    }
}
