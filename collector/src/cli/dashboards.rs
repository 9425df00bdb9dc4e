//! `vedetta dashboards DIR`: the dashboards for Grafana and what provisions them, as they are shipped in
//! `deploy/grafana`, for machines that have only the program.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

/// Write the dashboards for Grafana, and the files that provision them, into a folder
#[derive(Debug, clap::Args)]
pub(crate) struct Dashboards {
    /// Where to: made if it is not there; files of the same names are replaced
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../deploy/grafana/", $path)))),*]
    };
}

/// Path below the folder, and text, of each file.
const FILES: [(&str, &str); 8] = shipped![
    "dashboards/oggi.json",
    "dashboards/impegni.json",
    "dashboards/servizio.json",
    "dashboards/wifi.json",
    "dashboards/presa-in-carico.json",
    "dashboards/sonde.json",
    "provisioning/dashboards/vedetta.yaml",
    "provisioning/datasources/vedetta.yaml",
];

impl Dashboards {
    pub(crate) fn run(self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        for (name, text) in FILES {
            let path = self.directory.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
            }
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
            writeln!(out, "wrote {}", path.display())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn below(folder: &Path, name: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(folder.join(name)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|file| !file.starts_with('.')).map(|file| format!("{name}/{file}")).collect()
    }

    #[test]
    fn it_writes_all_that_is_shipped() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/grafana");
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("new/grafana");
        let mut said = Vec::new();
        Dashboards { directory: directory.clone() }.run(&mut said).unwrap();
        assert_eq!(String::from_utf8(said).unwrap().lines().count(), FILES.len());
        for of in ["dashboards", "provisioning/dashboards", "provisioning/datasources"] {
            let names = below(&shipped, of);
            assert_eq!(below(&directory, of), names);
            for name in names {
                assert_eq!(fs::read(directory.join(&name)).unwrap(), fs::read(shipped.join(&name)).unwrap());
            }
        }
    }
}
