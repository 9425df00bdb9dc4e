//! Slips people make, with place and words.

use crate::text::Lang;
use crate::yaml::node;

use super::*;

/// Place and words of the one problem, in both languages.
#[track_caller]
fn check(text: &str, place: &str, en: &str, it: &str) {
    let refused = node::parse(Source { name: "f", text }).map(|_| ()).unwrap_err();
    let shown = |lang| refused.problems[0].show(lang).lines().next().unwrap_or_default().to_owned();
    assert_eq!(shown(Lang::En), format!("f:{place}: not valid YAML: {en}"), "{text:?}");
    assert_eq!(shown(Lang::It), format!("f:{place}: YAML non valido: {it}"), "{text:?}");
}

#[test]
fn a_tab_is_shown_where_it_is() {
    let (en, it) = (
        "a tab at the beginning of the line; indent with spaces",
        "un carattere di tabulazione a inizio riga; per il rientro usa gli spazi",
    );
    check("a:\n\tb: 1\n", "2:1", en, it);
    check("a:\n  b: x\n\t\tc: 1\n", "3:1", en, it);
}

#[test]
fn a_missing_colon_or_space_is_shown_where_it_is_missing() {
    check("a:\n  row 3\n  name: x\n", "2:3", "a colon is missing: `row:`", "mancano i due punti: `row:`");
    check(
        "a:\n  components\n    b: x\n",
        "2:3",
        "a colon is missing: `components:`",
        "mancano i due punti: `components:`",
    );
    check(
        "a:\n  b: 1\n  components\n  c: x\n",
        "3:3",
        "a colon is missing: `components:`",
        "mancano i due punti: `components:`",
    );
    check(
        "a:\n  b: 1\n  share:85%\nc: 1\n",
        "3:8",
        "a space is missing after `:`",
        "dopo `:` manca uno spazio",
    );
    check(
        "a:\n  text: Mensa: accesso\n",
        "2:14",
        "a text with `: ` in it goes in quotes",
        "un testo che contiene `: ` va tra virgolette",
    );
}

#[test]
fn an_open_quote_is_shown_where_it_opens() {
    check(
        "a: \"DGC 12\nb: x\nc: [\"y\", \"z\"]\n",
        "1:4",
        "the quote `\"` opens here and is not closed",
        "le virgolette `\"` si aprono qui e non si chiudono",
    );
    check(
        "a: 1\nb: 'x\nc: l'anno\n",
        "2:4",
        "the quote `'` opens here and is not closed",
        "le virgolette `'` si aprono qui e non si chiudono",
    );
}

#[test]
fn wrong_indentation_is_called_so() {
    check(
        "a:\n  b: 1\n    c: {d: 1}\n",
        "3:5",
        "wrong indentation: this line begins further right than the line above, which is complete; the mistake may \
         be on the line above",
        "rientro sbagliato: questa riga comincia più a destra di quella sopra, che è già completa; l'errore può \
         essere nella riga sopra",
    );
    check(
        "a:\n  b:\n    x: 1\nc:\n    y: 1\n  d:\n    z: 1\n",
        "6:3",
        "wrong indentation: here, or at line 4, which then begins too far left",
        "rientro sbagliato: qui, o alla riga 4, che allora comincia troppo a sinistra",
    );
    check(
        "a:\n    b: 1\n   c: 2\n",
        "3:4",
        "wrong indentation: no line above begins here",
        "rientro sbagliato: sopra nessuna riga comincia qui",
    );
}
