//! Which installation a command is about: `--config`, and what follows from it.

use std::path::PathBuf;

use super::client::Client;
use crate::operator::{SOCKET_NAME, Said};
use crate::publish::Lang;

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
    /// Where keys, store and socket are, whatever else is wrong with the file.
    pub(crate) fn state_directory(&self, lang: Lang) -> anyhow::Result<PathBuf> {
        self.found().map_err(|said| anyhow::anyhow!("{}", said.get(lang)))
    }

    /// A client of the running collector. Where nobody knows where that is, it says so when it is asked.
    #[expect(clippy::unnecessary_wraps, reason = "every command asks with `?`")]
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let socket = self.found().map(|state| state.join(SOCKET_NAME));
        Ok(Client::new(socket, &self.config))
    }

    fn found(&self) -> Result<PathBuf, Said> {
        if let Some(state) = &self.state {
            return Ok(state.clone());
        }
        config::state_directory(&self.config).map_err(|refused| {
            let file = self.config.display();
            Said {
                en: format!(
                    "the state directory cannot be told from `{file}`; give it with `--state DIR`, or mend the file:\n{}",
                    refused.show(config::Lang::En)
                ),
                it: format!(
                    "dal file `{file}` non si ricava la cartella di stato; indicala con `--state DIR`, o correggi il file:\n{}",
                    refused.show(config::Lang::It)
                ),
            }
        })
    }
}
