//! The operators' commands, one file each. Arguments are read here and nowhere else.
//!
//! Commands that act or ask speak to the running collector through its socket ([`client`]), so that
//! there is one truth and the peer's uid is the author. Exit codes: 0 fine, 1 failed, 2 wrong usage,
//! 3 kept for `--exit-code`.

use std::io::Write;
use std::process::ExitCode;

mod place;
mod asked;
mod client;
mod init;
mod serve;
mod check;
mod reload;
mod schema;
mod dashboards;
mod agent;
mod terminal;
mod status;
mod today;
mod mails;
mod ack;
mod outbox;
mod explain;
mod outages;
mod certificates;
mod when;
mod declaring;
mod maintenance;
mod annul;
mod force;
mod approve;
mod revoke;
mod gaps;
mod report;
mod seal;
mod restore;
mod verify;
mod rebuild;
mod rules;

/// Availability of a service charter, measured and proven.
#[derive(Debug, clap::Parser)]
#[command(name = "vedetta", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Vedetta {
    #[command(subcommand)]
    command: Command,
}

/// One line per command; the order is that of a first day.
#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(init::Init),
    Check(check::Check),
    Serve(serve::Serve),
    Agent(agent::Agent),
    Reload(reload::Reload),
    Schema(schema::Schema),
    Dashboards(dashboards::Dashboards),
    Status(status::Status),
    Today(today::Today),
    Mails(mails::MailsCommand),
    Ack(ack::Ack),
    Outbox(outbox::Outbox),
    Explain(explain::Explain),
    Outages(outages::Outages),
    Certificates(certificates::CertificatesCommand),
    Maintenance(maintenance::Maintenance),
    Annul(annul::Annul),
    Force(force::Force),
    Approve(approve::Approve),
    Revoke(revoke::Revoke),
    Gaps(gaps::Gaps),
    Report(report::Report),
    Seal(seal::Seal),
    Restore(restore::Restore),
    Verify(verify::Verify),
    Rebuild(rebuild::Rebuild),
    Rules(rules::Rules),
}

impl Vedetta {
    /// Runs the command. What it was asked for goes to `out`, everything else to the log.
    pub fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Init(command) => command.run(out),
            Command::Check(command) => command.run(out),
            Command::Serve(command) => command.run(out),
            Command::Agent(command) => command.run(out),
            Command::Reload(command) => command.run(out),
            Command::Schema(command) => command.run(out),
            Command::Dashboards(command) => command.run(out),
            Command::Status(command) => command.run(out),
            Command::Today(command) => command.run(out),
            Command::Ack(command) => command.run(out),
            Command::Mails(command) => command.run(out),
            Command::Outbox(command) => command.run(out),
            Command::Explain(command) => command.run(out),
            Command::Outages(command) => command.run(out),
            Command::Certificates(command) => command.run(out),
            Command::Maintenance(command) => command.run(out),
            Command::Annul(command) => command.run(out),
            Command::Force(command) => command.run(out),
            Command::Approve(command) => command.run(out),
            Command::Revoke(command) => command.run(out),
            Command::Gaps(command) => command.run(out),
            Command::Report(command) => command.run(out),
            Command::Seal(command) => command.run(out),
            Command::Restore(command) => command.run(out),
            Command::Verify(command) => command.run(out),
            Command::Rebuild(command) => command.run(out),
            Command::Rules(command) => command.run(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    /// Clap checks arguments, groups and what requires what only when a command is first used.
    #[test]
    fn every_command_is_well_formed() {
        super::Vedetta::command().debug_assert();
    }
}
