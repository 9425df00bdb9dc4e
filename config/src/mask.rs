//! What looks like a secret, and a text without it.
//!
//! Masks err towards too much: a line of which too little is shown is a nuisance, a password in a terminal or a
//! log is not taken back.

/// Keys whose value is a secret when someone writes it in clear.
pub(crate) const SECRET_KEYS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "community",
    "private_key",
    "authorization",
    "cookie",
];

/// What a query of a URL calls a secret.
pub(crate) const SECRET_QUERIES: [&str; 14] = [
    "api_key",
    "api-key",
    "apikey",
    "access_token",
    "auth_token",
    "token",
    "password",
    "passwd",
    "pwd",
    "client_secret",
    "secret",
    "subscription-key",
    "signature",
    "sig",
];

/// What a mail server is told before a password.
const LOGINS: [&str; 4] = ["auth plain ", "auth login ", "authenticate plain ", "authenticate login "];

/// The line with every character that may belong to a secret replaced by `*`, one for one, so that
/// columns keep their meaning: credentials in URLs, what follows keys such as `password`, and behind
/// `secret:` what is no name of a file.
pub(crate) fn masked(line: &str) -> String {
    let mut characters: Vec<char> = without_credentials(line).chars().collect();
    let lower: Vec<char> = characters.iter().map(char::to_ascii_lowercase).collect();
    for key in SECRET_KEYS {
        let key: Vec<char> = key.chars().collect();
        for begin in 0..lower.len() {
            if !lower[begin..].starts_with(&key) {
                continue;
            }
            let after = begin + key.len();
            let Some(colon) = lower[after..].iter().position(|&c| c == ':') else { continue };
            if lower[after..after + colon].iter().any(|c| !matches!(c, ' ' | '"' | '\'' | '_' | 'a'..='z')) {
                continue;
            }
            // Where the value ends is not known here; so all of the line is taken for it.
            cover(&mut characters[after + colon + 1..]);
        }
    }
    for login in LOGINS {
        let login: Vec<char> = login.chars().collect();
        if let Some(begin) = (0..lower.len()).find(|begin| lower[*begin..].starts_with(&login)) {
            cover(&mut characters[begin + login.len()..]);
        }
    }
    if let Some(value) = not_a_name(&lower, &characters) {
        cover(&mut characters[value..]);
    }
    characters.into_iter().collect()
}

fn cover(characters: &mut [char]) {
    for character in characters.iter_mut().filter(|character| !character.is_whitespace()) {
        *character = '*';
    }
}

/// Where the value behind the key `secret` begins, when it cannot be the name of a file.
fn not_a_name(lower: &[char], characters: &[char]) -> Option<usize> {
    let key: Vec<char> = "secret".chars().collect();
    let is_key = |begin: &usize| {
        let before = begin.checked_sub(1).map(|before| lower[before]);
        lower[*begin..].starts_with(&key) && before.is_none_or(|c| !c.is_alphanumeric())
    };
    let begin = (0..lower.len()).find(is_key)? + key.len();
    let colon = begin + lower[begin..].iter().position(|c| !matches!(c, '"' | '\'' | ' '))?;
    if lower[colon] != ':' {
        return None;
    }
    let value: String = characters[colon + 1..].iter().collect();
    let word = value.trim_start().split([',', '}', '#']).next().unwrap_or_default().trim();
    let word = word.trim_matches(['"', '\'']);
    (!word.is_empty() && crate::Id::new(word).is_err()).then_some(colon + 1)
}

/// `https://user:password@host/?api_key=value` with `*` for user, password and value.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for begin in 0..characters.len() {
        if characters[begin..].starts_with(&[':', '/', '/']) {
            let from = begin + 3;
            let ends = |c: &char| matches!(c, '/' | '?' | '#' | '"' | '\'' | ' ' | ',' | '}' | ']');
            let to = characters[from..].iter().position(ends).map_or(characters.len(), |n| from + n);
            if let Some(at) = characters[from..to].iter().rposition(|&c| c == '@') {
                characters[from..from + at].fill('*');
            }
        }
        if matches!(characters[begin], '?' | '&') {
            let from = begin + 1;
            let ends = |c: &char| matches!(c, '?' | '&' | '#' | '"' | '\'' | ' ' | '`');
            let to = characters[from..].iter().position(ends).map_or(characters.len(), |n| from + n);
            let pair: String = characters[from..to].iter().collect();
            let Some((name, _)) = pair.split_once('=') else { continue };
            if SECRET_QUERIES.contains(&name.to_lowercase().as_str()) {
                characters[from + name.chars().count() + 1..to].fill('*');
            }
        }
    }
    characters.into_iter().collect()
}

/// The name under which a URL carries a secret in its query.
pub(crate) fn secret_of_query(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    let pairs = query.split(['&', '#']).filter_map(|pair| pair.split_once('='));
    let mut names = pairs.filter(|(_, value)| !value.is_empty()).map(|(name, _)| name);
    names.find(|name| SECRET_QUERIES.contains(&name.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_in_the_file() {
        for (line, shown) in [
            ("a: http://me:pass@host/", "a: http://*******@host/"),
            ("password: hunter2", "password: *******"),
            ("{token: \"abc def\", x: 1}", "{token: **** ***** ** **"),
            ("a: http://host/mail@example", "a: http://host/mail@example"),
            ("tokens are named", "tokens are named"),
            ("{t: \"https://h/?a=1&api_key=abc&b=2\"}", "{t: \"https://h/?a=1&api_key=***&b=2\"}"),
            ("auth: basic, secret: \"Sonda2027!\"", "auth: basic, secret: ************"),
            ("secret: sonda, user: x", "secret: sonda, user: x"),
            ("secrets: /etc/vedetta/secrets", "secrets: /etc/vedetta/secrets"),
            ("- {send: 'AUTH PLAIN AGEAYg==\\r\\n'}", "- {send: 'AUTH PLAIN **************"),
        ] {
            assert_eq!(masked(line), shown);
        }
    }
}
