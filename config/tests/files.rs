//! The files that are shipped: each is read as it promises, and by a second parser to the same values.

use std::path::{Path, PathBuf};

use config::{AgentConfig, Family, Node, Probe, load, load_agent, parse};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The YAML files of a folder of this crate, by name.
fn files(name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(name)).into_iter().flatten().flatten();
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_yaml).collect();
    files.sort();
    assert!(!files.is_empty(), "{name} has no YAML file");
    files
}

#[test]
fn the_reference_loads_with_the_values_its_comments_call_defaults() {
    let loaded = load(&folder("reference/vedetta.yaml")).unwrap_or_else(|error| panic!("{error}"));
    let unexpected: Vec<_> = loaded.warnings.iter().filter(|warning| !is_of_this_version(warning)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    let charter = &loaded.vedetta.charter;
    let minimal = parse(
        "organisation: {name: X}\nsites: {a: {agents: [a1], users: [u]}}\n\
         services: {s: {components: {c: {probe: tcp, targets: {t: \"h.example:1\"}}}}}\n",
        "minimal.yaml",
    )
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(charter.rules, minimal.vedetta.charter.rules);
    let timing = |charter: &config::Charter, id: &str| {
        charter.checks().find(|check| check.id.as_str() == id).map(|check| check.timing)
    };
    assert_eq!(timing(charter, "data_center.base.san.san1"), timing(&minimal.vedetta.charter, "s.c.t"));
    let (told, built_in) = (&loaded.vedetta.collector, &minimal.vedetta.collector);
    assert_eq!((told.agents_listen, told.web_listen), (built_in.agents_listen, built_in.web_listen));
    assert_eq!(told.state_directory, built_in.state_directory);
    assert_eq!((told.operators.as_deref(), &built_in.operators), (Some("vedetta-operatori"), &None));
}

/// What is recorded for later, or left for its reader to write.
fn is_of_this_version(warning: &config::Problem) -> bool {
    ["in this version", "still to be written"].iter().any(|words| warning.message.en.contains(words))
}

#[test]
fn the_reference_of_the_agent_loads() {
    let agent = load_agent(&folder("reference/agent.yaml")).unwrap_or_else(|error| panic!("{error}"));
    let default = AgentConfig::default();
    assert_eq!(agent.state_directory, default.state_directory);
    assert_eq!(agent.secrets_directory, default.secrets_directory);
    assert_eq!(agent.spool_bytes_max, default.spool_bytes_max);
    assert_eq!(agent.allowed_targets, ["10.0.0.0/8", "192.0.2.10/32", "2001:db8::/32"]);
    assert_eq!(agent.ntp_servers[0].to_string(), "ntp1.example:123");
}

#[test]
fn examples_load_without_a_surprise() {
    for path in files("examples") {
        let loaded = load(&path).unwrap_or_else(|error| panic!("{error}"));
        let expected =
            |warning| is_of_this_version(warning) || warning.message.en.contains("from one site only");
        let only_expected = loaded.warnings.iter().all(expected);
        assert!(only_expected, "{}: {:?}", path.display(), loaded.warnings);
        assert!(loaded.vedetta.charter.checks().count() > 0);
    }
}

/// Nothing we ship depends on one parser's taste.
#[test]
fn two_parsers_read_the_same() {
    for name in ["reference", "examples", "invalid"] {
        for path in files(name) {
            let text = std::fs::read_to_string(&path).unwrap();
            let options = || serde_saphyr::options! { strict_booleans: true };
            let one: Result<serde_json::Value, _> = serde_saphyr::from_str_with_options(&text, options());
            let other: Result<serde_json::Value, _> = serde_yaml::from_str(&text);
            match (one, other) {
                (Ok(one), Ok(other)) => assert_eq!(one, other, "{}", path.display()),
                // A file that is broken on purpose may be broken in one parser's eyes only.
                (one, other) => assert!(name == "invalid", "{}: {one:?} {other:?}", path.display()),
            }
        }
    }
}

/// The first line of each file is `# ` and the problem, word for word, as `Display` begins it.
#[test]
fn every_mistake_is_answered_as_its_first_line_says() {
    for path in files("invalid") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let expected = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap();
        let Err(refused) = load(&path) else { panic!("{name} was not refused") };
        let shown: Vec<String> = refused
            .problems
            .iter()
            .map(|problem| {
                let shown = problem.to_string();
                let shown = shown.lines().next().unwrap_or_default();
                shown.replace(&folder("invalid").join("").display().to_string(), "")
            })
            .collect();
        assert_eq!(shown, [expected], "{name}");
        assert!(!refused.to_string().contains("hunter2"), "{name} shows a secret");
    }
}

#[test]
fn hostile_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vedetta.yaml");
    let refused = |text: &[u8]| {
        std::fs::write(&path, text).unwrap();
        load(&path).map(|_| ()).unwrap_err().problems[0].message.en.clone()
    };
    assert!(refused(&vec![b'#'; 2 * 1024 * 1024]).contains("larger than 1 MiB"));
    assert!(refused(b"organisation: \xff").contains("not UTF-8 at line 1"));
    let deep = format!("organisation: {}", "[".repeat(100_000));
    assert!(
        refused(deep.as_bytes()).contains("not valid YAML")
            || refused(deep.as_bytes()).contains("nested too deeply")
    );
    assert!(refused(b"services: {a: {}}\nservices: {b: {}}\n").contains("already at line 1"));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let repeated = vec![before; 9].join(", ");
        bomb = format!("{bomb}a{level}: &a{level} [{repeated}]\n");
    }
    assert!(refused(bomb.as_bytes()).contains("repeats too much"));
    let long = format!("{HEAD}services: {{}}\ncanaries: [{}]\n", "\"h:1\", ".repeat(1_001));
    assert!(refused(long.as_bytes()).contains("more than 1000 entries"));
    let many: Vec<String> = (0..4_001).map(|n| format!("s{n}: {{}}")).collect();
    assert!(
        refused(format!("{HEAD}services: {{{}}}\n", many.join(", ")).as_bytes())
            .contains("more than 4000 names")
    );
    let wrong: Vec<String> = (0..3_000).map(|n| format!("s{n}: {{colour: {n}}}")).collect();
    std::fs::write(&path, format!("{HEAD}services: {{{}}}\n", wrong.join(", "))).unwrap();
    let problems = load(&path).unwrap_err();
    assert_eq!(problems.problems.len(), 200);
    assert!(problems.show(config::Lang::It).ends_with("200 errori; forse non sono tutti"));
    assert!(problems.problems.iter().all(|problem| problem.snippet.is_empty()), "a line that nobody wrote");
    assert!(
        load(&folder.path().join("absent.yaml")).unwrap_err().to_string().contains("cannot read the file")
    );
    assert!(load(folder.path()).unwrap_err().to_string().contains("it is a folder"));
}

#[test]
fn files_are_named_from_beside_the_charter_only() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    std::fs::write(inside.join("ca.pem"), pem).unwrap();
    std::fs::write(folder.path().join("other.pem"), pem).unwrap();
    std::fs::write(inside.join("key.pem"), "-----BEGIN PRIVATE KEY-----\nhunter2\n").unwrap();
    std::os::unix::fs::symlink(folder.path().join("other.pem"), inside.join("link.pem")).unwrap();
    std::fs::write(inside.join("ca.der"), [0x30, 0x82, 0x01, 0x0a, 0xff]).unwrap();
    std::fs::write(inside.join("latin.pem"), b"# CA\n# Citt\xe0\n").unwrap();
    let path = inside.join("vedetta.yaml");
    let with = |authority: &str| {
        let text = format!(
            "organisation: {{name: X}}\nsites: {{a: {{agents: [a1]}}}}\nservices: {{s: {{components: {{c: \
             {{probe: http, targets: {{t: \"https://h.example/\"}}, tls: {{authority: {authority}}}}}}}}}}}\n"
        );
        std::fs::write(&path, text).unwrap();
        load(&path)
    };
    let loaded = with("ca.pem").unwrap_or_else(|error| panic!("{error}"));
    let Node::Part(part) = &loaded.vedetta.charter.services[0].components[0].node else { panic!("a part") };
    let Probe::Http(http) = &part.checks[0].probe else { panic!("http") };
    assert_eq!((http.tls.authority.as_deref(), http.family), (Some(pem), Family::V4));
    assert_eq!(loaded.vedetta.collector.state_directory, Path::new("/var/lib/vedetta"));
    for (authority, reason) in [
        ("../other.pem", "must be a path below the folder"),
        ("/etc/hostname", "must be a path below the folder"),
        ("link.pem", "leads out of the folder"),
        ("key.pem", "holds a private key"),
        ("vedetta.yaml", "holds no certificate"),
        ("absent.pem", "inside/absent.pem`)"),
        ("ca.der", "`openssl x509 -inform der -in ca.der`"),
        ("latin.pem", "`latin.pem` is not UTF-8 at line 2; save it"),
    ] {
        let refused = with(authority).unwrap_err().to_string();
        assert!(refused.contains(reason), "{authority}: {refused}");
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(parse(&text, "text").unwrap_err().to_string().contains("not a file in a folder"));
}

/// One component whose targets are the rows of `targets.csv` with this text.
#[track_caller]
fn with_table(text: &str) -> Result<Vec<String>, Vec<String>> {
    let Ok(folder) = tempfile::tempdir() else { panic!("no temporary folder") };
    let path = folder.path().join("vedetta.yaml");
    let charter = "organisation: {name: X}\nsites: {a: {agents: [a1]}}\nservices: {s: {components: {c: {probe: tcp, \
                   targets: {file: targets.csv}, up_if: all but 1}}}}\n";
    let written =
        std::fs::write(&path, charter).and_then(|()| std::fs::write(folder.path().join("targets.csv"), text));
    assert!(written.is_ok());
    let shown = |problem: &config::Problem| {
        format!("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message)
            .replace(&folder.path().join("").display().to_string(), "")
    };
    match load(&path) {
        Ok(loaded) => Ok(loaded
            .vedetta
            .charter
            .checks()
            .map(|check| format!("{} {}", check.id, check.probe.target()))
            .collect()),
        Err(refused) => Err(refused.problems.iter().map(shown).collect()),
    }
}

#[test]
fn targets_are_rows_of_a_spreadsheet() {
    let expected = Ok(vec!["s.c.esx1 10.0.0.11:443".to_owned(), "s.c.esx2 10.0.0.12:443".to_owned()]);
    for text in [
        "name;address\nesx1;10.0.0.11:443\nesx2;10.0.0.12:443\n",
        "\u{feff}note;address;name\r\n\"sala; rack 1\"; 10.0.0.11:443 ;esx1\r\n# spare\r\n\r\n;10.0.0.12:443;esx2",
        "name,address\nesx1,10.0.0.11:443\nesx2,10.0.0.12:443",
    ] {
        assert_eq!(with_table(text), expected, "{text:?}");
    }
}

#[test]
fn problems_of_a_row_point_into_the_table() {
    for (text, problem) in [
        ("name;address\nesx1;10.0.0.11:443\nesx2;nowhere\n", "targets.csv:3:6: `nowhere` is not an address"),
        ("name;address\nESX 1;10.0.0.11:443\nb;h:1\n", "targets.csv:2:1: `ESX 1` is not a name"),
        ("name;address\na;h:1\nb;h:2\na;h:3\n", "targets.csv:4:1: the name `a` is already in line 2"),
        ("name;address\na;h:1\nb\n", "targets.csv:3:1: the target `b` has no address"),
        ("name;adress\na;h:1\n", "targets.csv:1:6: unknown column `adress`, did you mean `address`?"),
        ("name;address;weight\na;h:1;x\nb;h:2;1\n", "targets.csv:2:7: expected a whole number, found `x`"),
        (
            "name;address;since;until\na;h:1;2027-03-02;2027-03-01\nb;h:2\n",
            "targets.csv:2:18: `until` (2027-03-01) is",
        ),
        ("name;address;name\na;h:1;x\n", "targets.csv:1:14: the column `name` is there twice"),
        ("a;h:1\n", "targets.csv:1:1: the first line names the columns; it must be `name;address`"),
        ("nome;address\na;h:1\n", "targets.csv:1:1: unknown column `nome`, did you mean `name`?"),
        ("name;address\n;h:1\na;h:2\nb;h:3\n", "targets.csv:2:1: the name is empty"),
        ("name;address\na;h:1;Sala; piano 1\nb;h:2\n", "targets.csv:2:7: more fields than columns"),
        ("name;note\na;h:1\n", "targets.csv:1:1: the first line names the columns"),
        ("", "targets.csv:1:1: the first line names the columns"),
        ("name;address\n", "vedetta.yaml:3:54: `targets` names nothing"),
        ("name;address\na;h:1\n", "vedetta.yaml:3:82: `all but 1` of 1 target would be up with none"),
    ] {
        let problems = with_table(text).expect_err(text);
        assert!(problems[0].starts_with(problem), "{text:?}: {problems:?}");
    }
}

/// A charter in a folder of its own, with other files beside it; each problem as it is shown, without the folder.
fn in_folder(files: &[(&str, &str)]) -> Result<config::Loaded, Vec<String>> {
    let Ok(folder) = tempfile::tempdir() else { panic!("no temporary folder") };
    for (name, text) in files {
        let path = folder.path().join(name);
        let made =
            path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
        assert!(made.is_ok(), "{name}");
    }
    let here = folder.path().join("").display().to_string();
    load(&folder.path().join("vedetta.yaml")).map_err(|refused| {
        let first = |problem: &config::Problem| {
            problem.to_string().lines().next().map(|line| line.replace(&here, ""))
        };
        refused.problems.iter().filter_map(first).collect()
    })
}

const HEAD: &str = "organisation: {name: X}\nsites: {a: {agents: [a1]}, b: {agents: [b1]}}\n";

#[test]
fn included_files_are_one_charter_with_the_main_one() {
    let main = format!(
        "include: [rows/one.yaml, two.yaml]\n{HEAD}services: {{zero: {{components: {{c: {{probe: tcp, targets: {{t: \"h:1\"}}}}}}}}}}\n"
    );
    let one = "include: deeper.yaml\nservices:\n  one: {components: {c: {probe: tcp, targets: {file: rows/c.csv}}}}\n";
    let two =
        "services:\n  two: {components: {c: {probe: tcp, targets: {t: \"h:2\"}}}}\ncanaries: [\"g:1\"]\n";
    let deeper = "calendars: {uffici: {hours: \"mon-fri 08:00-14:00\"}}\n";
    let csv = "name;address\nt1;h:3\n";
    let files = [
        ("vedetta.yaml", main.as_str()),
        ("rows/one.yaml", one),
        ("two.yaml", two),
        ("deeper.yaml", deeper),
        ("rows/c.csv", csv),
    ];
    let loaded = in_folder(&files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let charter = &loaded.vedetta.charter;
    let services: Vec<&str> = charter.services.iter().map(|service| service.id.as_str()).collect();
    assert_eq!(services, ["zero", "one", "two"]);
    assert_eq!((charter.calendars.len(), charter.canaries.len(), charter.checks().count()), (1, 1, 3));
    for text in [&main, one, two, deeper, csv] {
        assert!(loaded.source.contains(text), "the revision keeps {text:?}");
    }
}

#[test]
fn what_is_included_stays_in_the_folder_and_points_into_its_file() {
    let main = format!("include: more.yaml\n{HEAD}");
    for (text, problem) in [
        (
            "services: {s: {componets: {}}}\n",
            "more.yaml:1:16: unknown key `componets`, did you mean `components`?",
        ),
        ("services: 7\n", "more.yaml:1:11: expected a map from names to values, found `7`"),
        ("- services\n", "more.yaml:1:1: expected sections such as `services:`, found a list"),
        ("services: {}\nsites: {a: {}}\n", "more.yaml:2:9: the key `a` is already at vedetta.yaml:3"),
        (
            "organisation: Y\nservices: {}\n",
            "more.yaml:1:1: the key `organisation` is already at vedetta.yaml:2",
        ),
        ("include: vedetta.yaml\nservices: {}\n", "more.yaml:1:10: `vedetta.yaml` is already part"),
        ("include: ../x.yaml\nservices: {}\n", "more.yaml:1:10: `../x.yaml` must be a path below"),
        ("services: {s: {password: hunter2}}\n", "more.yaml:1:16: `password` holds a secret in clear"),
    ] {
        let problems = in_folder(&[("vedetta.yaml", &main), ("more.yaml", text)]).expect_err(text);
        assert!(problems[0].starts_with(problem), "{text:?}: {problems:?}");
        assert!(!problems.concat().contains("hunter2"));
    }
    let outside = tempfile::tempdir().unwrap();
    let inside = outside.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(outside.path().join("more.yaml"), "services: {}\n").unwrap();
    std::fs::write(inside.join("vedetta.yaml"), &main).unwrap();
    std::os::unix::fs::symlink(outside.path().join("more.yaml"), inside.join("more.yaml")).unwrap();
    let refused = load(&inside.join("vedetta.yaml")).unwrap_err().to_string();
    assert!(refused.contains("leads out of the folder"), "{refused}");
}

/// A hundred files that each include the next end at a limit, with one problem.
#[test]
fn a_chain_of_files_ends() {
    let mut files = vec![("vedetta.yaml".to_owned(), format!("include: f0.yaml\n{HEAD}services: {{}}\n"))];
    files.extend((0..100).map(|n| (format!("f{n}.yaml"), format!("include: f{}.yaml\n", n + 1))));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(in_folder(&files).unwrap_err(), ["f63.yaml:1:10: more than 64 files in one charter"]);
}

#[test]
fn secrets_are_refused_before_anything_could_repeat_them() {
    for text in [
        "services: {s: {components: {password: hunter2}}}\n",
        "services: {s: {components: {c: {probe: tcp, targets: {token: \"hunter2\"}}}}}\n",
        "services: {s: {components: {c: {probe: http, targets: {t: \"http://h/\"}, Passwd:\n  hunter2}}}}\n",
        "services: {}\nalerting: {office: {to: a@b.example, api_key: &k hunter2}, other: {token: *k}}\n",
    ] {
        let problems = in_folder(&[("vedetta.yaml", &format!("{HEAD}{text}"))]).expect_err(text);
        let all_said = problems.iter().all(|problem| problem.contains("holds a secret in clear"));
        assert!(all_said && !problems.concat().contains("hunter2"), "{problems:?}");
    }
}

/// A table is no part of the tree that is looked through first.
#[test]
fn a_secret_in_a_table_is_refused_and_not_shown() {
    let main =
        format!("{HEAD}services: {{s: {{components: {{c: {{probe: http, targets: {{file: c.csv}}}}}}}}}}\n");
    let table = "name;address\na;https://h.example/?token=hunter2\nb;https://me:hunter2@h.example/\n";
    let problems = in_folder(&[("vedetta.yaml", &main), ("c.csv", table)]).unwrap_err();
    assert!(problems[0].starts_with("c.csv:2:3: a URL with `token=` in clear"), "{problems:?}");
    assert!(problems[1].starts_with("c.csv:3:3: a URL with a user or password"), "{problems:?}");
    assert!(!problems.concat().contains("hunter2"));
}

/// Whoever reads Italian gets every message in Italian.
#[test]
fn every_mistake_is_answered_in_italian_too() {
    for path in files("invalid") {
        let Err(refused) = load(&path) else { panic!("{} was not refused", path.display()) };
        for problem in refused.problems {
            assert_ne!(problem.message.en, problem.message.it, "{}", path.display());
        }
        let shown = load(&path).unwrap_err().show(config::Lang::It);
        assert!(shown.ends_with("1 errore"), "{shown}");
    }
}
