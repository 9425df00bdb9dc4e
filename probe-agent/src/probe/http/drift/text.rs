//! What of a page is its text: pure.

/// Elements whose content nobody reads.
const UNREAD: [&str; 4] = ["script", "style", "noscript", "template"];
/// Shorter words say little.
const LETTERS_MIN: usize = 3;

/// The words of a page in order, in lower case, one space between: without markup where it begins with some.
pub(super) fn normalised(page: &str) -> String {
    let mut text = String::with_capacity(page.len() / 4);
    let mut rest = page.trim_start_matches('\u{feff}').trim_start();
    if !rest.starts_with('<') {
        take_words(rest, &mut text);
        return text;
    }
    while let Some((before, tag)) = rest.split_once('<') {
        take_words(before, &mut text);
        rest = after_tag(tag);
    }
    take_words(rest, &mut text);
    text
}

fn take_words(from: &str, text: &mut String) {
    for word in from.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.extend(word.chars().flat_map(char::to_lowercase));
    }
}

/// What follows a tag, a comment, or an element that is not read; `tag` is what follows its `<`.
fn after_tag(tag: &str) -> &str {
    let behind = |from: &'static str| move |text: &'_ str| text.find(from).map(|at| at + from.len());
    if let Some(comment) = tag.strip_prefix("!--") {
        return behind("-->")(comment).map_or("", |end| &comment[end..]);
    }
    let content = behind(">")(tag).map_or("", |end| &tag[end..]);
    let name_ends = tag.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(tag.len());
    let Some(name) = UNREAD.iter().find(|unread| tag[..name_ends].eq_ignore_ascii_case(unread)) else {
        return content;
    };
    let mut rest = content;
    while let Some((_, tag)) = rest.split_once("</") {
        if tag.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name)) {
            return behind(">")(tag).map_or("", |end| &tag[end..]);
        }
        rest = tag;
    }
    ""
}

/// A number for each different word of a normalised text that says something and stays, sorted.
pub(super) fn words(text: &str) -> Vec<u64> {
    let stays = |word: &&str| word.chars().count() >= LETTERS_MIN && !word.chars().any(char::is_numeric);
    let mut words: Vec<u64> = text.split(' ').filter(stays).map(number).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// FNV-1a, 64 bits, and a last mix (`SplitMix64`) so that the smallest are a fair sample: the same in every build, because
/// it is kept. Who makes two words meet gains nothing by it.
fn number(word: &str) -> u64 {
    let fnv = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |number, byte| {
        (number ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_no_text() {
        for (page, expected) in [
            ("<html><h1>Comune di  Senigallia</h1>\n<p>Orari: 9-13</p>", "comune di senigallia orari 9 13"),
            ("<p>prima<SCRIPT a=1>var x = \"<p>no</p>\";</Script >dopo", "prima dopo"),
            ("<p>a<!-- <p>no</p> -->b<br>c", "a b c"),
            ("<style>p{}</style><p>Città È qui", "città è qui"),
            ("<p>a<script>mai chiuso", "a"),
            ("<p>a<!-- mai chiuso", "a"),
            ("<p>a<b mai chiuso", "a"),
            ("<scripted>sì</scripted>", "sì"),
            ("\u{feff} <p title='non questo'>questo", "questo"),
            ("niente marcature: 1 < 2", "niente marcature 1 2"),
            ("", ""),
            ("<", ""),
        ] {
            assert_eq!(normalised(page), expected, "{page}");
        }
    }

    #[test]
    fn words_that_stay_are_numbers() {
        assert_eq!(words("comune di senigallia comune il 12 a2b"), words("senigallia comune"));
        assert_eq!(words("").len(), 0);
        // Kept in files: the same in every build.
        assert_eq!(number("senigallia"), 0x950e_a7c0_e6c2_e270);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read(page in "(<|>|</|<!--|-->|script|style|[a-zà ]|\\PC){0,60}") {
            let text = normalised(&page);
            prop_assert!(text.split(' ').all(|word| text.is_empty() || !word.is_empty()));
            prop_assert_eq!(normalised(&text), text.clone(), "once more changes nothing");
        }
    }
}
