//! Names that a charter, an agent or a peer gave, made fit for one line of a mail.

/// One line of at most `most` characters: no control characters, nothing that turns the direction of writing.
pub(super) fn clean(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most * 4));
    let mut kept = 0;
    for character in text.chars() {
        if turns(character) {
            continue;
        }
        let character = if is_break(character) { ' ' } else { character };
        if character == ' ' && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        if kept + 1 >= most {
            line.truncate(line.trim_end().len());
            line.push('…');
            return line;
        }
        line.push(character);
        kept += 1;
    }
    line.truncate(line.trim_end().len());
    line
}

fn is_break(character: char) -> bool {
    character.is_control() || character.is_whitespace() && character != '\u{a0}'
}

/// Bidirectional controls (UAX #9), by which a text reads as another than it is, and the byte order mark.
fn turns(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_line_becomes_one() {
        for (text, most, line) in [
            ("Gestione intranet", 80, "Gestione intranet"),
            ("a\r\nBcc: altri@comune.example", 80, "a Bcc: altri@comune.example"),
            ("  due\t\t parole \u{2028}", 80, "due parole"),
            ("\u{202e}odlas", 80, "odlas"),
            ("Scuola «Pascoli» – città", 80, "Scuola «Pascoli» – città"),
            ("abcdef", 4, "abc…"),
            ("ab  cdef", 4, "ab…"),
            ("", 4, ""),
        ] {
            assert_eq!(clean(text, most), line, "{text:?}");
            assert!(clean(text, most).chars().count() <= most);
        }
    }
}
