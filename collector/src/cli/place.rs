//! Which installation a command is about: `--config`, and what follows from it.

use std::path::PathBuf;

use anyhow::Context as _;

use super::client::Client;

/// Arguments every command shares.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "/etc/vedetta/vedetta.yaml")]
    pub(crate) config: PathBuf,
    /// The state directory; the file's `collector.state` when absent
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
}

impl Place {
    /// Where keys, store and socket are.
    pub(crate) fn state_directory(&self) -> anyhow::Result<PathBuf> {
        if let Some(state) = &self.state {
            return Ok(state.clone());
        }
        let loaded = config::load(&self.config).with_context(|| {
            format!(
                "`{}` does not tell the state directory; give it with `--state DIR`",
                self.config.display()
            )
        })?;
        Ok(loaded.vedetta.collector.state_directory)
    }

    /// A client of the running collector.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::new(&self.state_directory()?, &self.config))
    }
}
