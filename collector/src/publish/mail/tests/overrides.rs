//! Templates of a municipality's own: they are used, and a broken one never costs a mail.

use std::fs;

use tempfile::TempDir;

use super::*;

fn with(files: &[(&str, &[u8])]) -> (TempDir, Templates) {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(directory.path().join(name), bytes).unwrap();
    }
    let templates = Templates::load(Some(directory.path()));
    (directory, templates)
}

#[test]
fn a_file_of_ones_own_is_used() {
    let (_directory, templates) = with(&[
        ("opened.txt", "Oggetto: [Comune] {{ badge }}: {{ heading }}\n\nChiama Anna.\n".as_bytes()),
        ("mail.html", b"<html><body>{{ heading }}</body></html>"),
        ("note.md", b"{{ not read }}"),
    ]);
    assert_eq!(templates.problems(), []);
    let opened = letter(&templates, What::Opened(story(open())));
    assert_eq!(
        opened.subject,
        "[Comune] URGENTE: Il servizio «Gestione intranet» non è disponibile da 22 min 00 s."
    );
    assert_eq!(opened.text, "Chiama Anna.\n");
    assert!(opened.html.starts_with("<html><body>Il servizio"), "{}", opened.html);
    let morning = letter(&templates, morning());
    assert!(morning.subject.starts_with("[Carta dei Servizi] Mattina"));
    assert!(morning.html.starts_with("<html><body>Buongiorno."));
}

#[test]
fn without_a_subject_in_it_the_usual_one_is_used() {
    let (_directory, templates) = with(&[("mail.txt", b"{{ heading }}")]);
    let letter = letter(&templates, What::Opened(story(open())));
    assert_eq!(letter.subject, "[Carta dei Servizi] URGENTE - Gestione intranet non disponibile");
    assert_eq!(letter.text, "Il servizio «Gestione intranet» non è disponibile da 22 min 00 s.\n");
}

#[test]
fn a_broken_one_falls_back_and_says_so() {
    let whole = letter(&Templates::default(), What::Opened(story(open())));
    let endless = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}";
    let huge = "{% for a in range(9000) %}0123456789abcdef{% endfor %}";
    let long = "x".repeat(300_000);
    for (name, source, why) in [
        ("opened.txt", "{% if %}", "syntax error"),
        ("opened.html", "{{ headng }}", "undefined"),
        ("mail.html", "{{ facts[0].vlaue }}", "undefined"),
        ("mail.txt", "{% include 'mail.html' %}", ""),
        ("opened.txt", endless, "fuel"),
        ("opened.html", huge, "too long"),
        ("opened.txt", &long, "longer than 262144 bytes"),
    ] {
        let (_directory, templates) = with(&[(name, source.as_bytes())]);
        // Each shows before the first letter is made with it.
        assert_eq!(templates.problems().len(), 1, "{name}: {:?}", templates.problems());
        let fallen = letter(&templates, What::Opened(story(open())));
        assert_eq!(fallen.subject, whole.subject, "{name}");
        for (fallen, whole) in [(&fallen.text, &whole.text), (&fallen.html, &whole.html)] {
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let (fallen, whole) = (words(fallen), words(whole));
            let whole = whole.trim_end_matches(" </body> </html>");
            assert!(fallen.contains(whole), "{name}: {fallen}");
            assert!(fallen.contains(&format!("«{name}»")) && fallen.contains("fabbrica"), "{name}: {fallen}");
            assert!(fallen.contains(why), "{name}: `{why}` is not in {fallen}");
        }
        roxmltree::Document::parse_with_options(
            &fallen.html,
            roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() },
        )
        .unwrap();
    }
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let (directory, templates) = with(&[
        ("opened.txt", b"\xff\xfe"),
        ("apertura.txt", b"{{ heading }}"),
        ("digest.html", b"{% endfor %}"),
    ]);
    let files: Vec<&str> = templates.problems().iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files, ["apertura.txt", "digest.html", "opened.txt"]);
    assert!(templates.problems()[0].why.contains("mail.*, opened.*"), "{:?}", templates.problems());
    // Whoever can mend them reads of all in the morning; other letters tell of theirs.
    let told = |what| letter(&templates, what).text.matches("fabbrica").count();
    assert_eq!((told(morning()), told(What::Opened(story(open()))), told(What::Closed(over()))), (3, 1, 0));
    let gone = Templates::load(Some(&directory.path().join("gone")));
    assert_eq!(gone.problems().len(), 1);
    assert!(letter(&gone, morning()).text.contains("gone»"));
}

/// The built-in files are a fine beginning for one's own.
#[test]
fn the_built_in_ones_can_be_copied() {
    let files = BUILT_IN.map(|(name, source)| (name, source.as_bytes()));
    let (_directory, templates) = with(&files);
    for (name, what) in every() {
        assert_eq!(letter(&templates, what.clone()), letter(&Templates::default(), what), "{name}");
    }
}
