//! Cookies of one attempt: pure.
//!
//! Many a portal sends its first visitor once around ("302 to the same URL, with a cookie") and never
//! shows its page to whoever comes back without. So what an answer sets is sent back to the same host
//! for the redirects of this attempt, and forgotten with it. Paths and domains are not looked at: a
//! cookie goes to the very host that set it and to no other.

use hyper::HeaderMap;
use hyper::header::{HeaderValue, SET_COOKIE};

/// Of one attempt.
const COOKIES_MAX: usize = 32;
/// A name with its value; browsers take no more.
const COOKIE_BYTES_MAX: usize = 4_096;
/// A shorter value is a language or a flag: masking it would mask half of the evidence.
const SECRET_BYTES_MIN: usize = 8;

/// What hosts have set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::probe) struct Cookies(Vec<Cookie>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cookie {
    host: String,
    name: String,
    value: String,
}

impl Cookies {
    /// Takes what `host` sets with this answer.
    pub(in crate::probe) fn take(&mut self, host: &str, headers: &HeaderMap) {
        for (name, value, is_gone) in set(headers) {
            self.0.retain(|cookie| cookie.host != host || cookie.name != name);
            if !is_gone && self.0.len() < COOKIES_MAX {
                let (name, value) = (name.to_owned(), value.to_owned());
                self.0.push(Cookie { host: host.to_owned(), name, value });
            }
        }
        // By name, so that the same cookies in another order are the same.
        self.0.sort_by(|a, b| (&a.host, &a.name).cmp(&(&b.host, &b.name)));
    }

    /// The header for `host`; empty when it has set nothing.
    pub(in crate::probe) fn for_host(&self, host: &str) -> String {
        let of_host = self.0.iter().filter(|cookie| cookie.host == host);
        let pairs: Vec<String> = of_host.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        pairs.join("; ")
    }
}

/// Values that an answer sets and that nobody should read: sessions.
pub(in crate::probe) fn secrets(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    set(headers).map(|(_, value, _)| value).filter(|value| value.len() >= SECRET_BYTES_MIN).take(COOKIES_MAX)
}

/// Name, value, and whether it is taken back (RFC 6265, 5.2).
fn set(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str, bool)> {
    headers.get_all(SET_COOKIE).iter().filter_map(|header: &HeaderValue| {
        let mut parts = header.to_str().ok()?.split(';');
        let pair = parts.next().filter(|pair| pair.len() <= COOKIE_BYTES_MAX)?;
        let (name, value) = pair.split_once('=')?;
        let is_gone = parts.any(|attribute| {
            let attribute = attribute.trim().to_ascii_lowercase();
            let age = attribute.strip_prefix("max-age=").and_then(|age| age.parse::<i64>().ok());
            age.is_some_and(|age| age <= 0)
                || (attribute.starts_with("expires=") && attribute.contains("1970"))
        });
        Some((name.trim(), value.trim(), is_gone)).filter(|(name, ..)| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(set: &[&str]) -> HeaderMap {
        set.iter().map(|text| (SET_COOKIE, HeaderValue::from_str(text).unwrap())).collect()
    }

    #[test]
    fn a_cookie_goes_back_to_its_own_host() {
        let mut cookies = Cookies::default();
        cookies.take("a.example", &headers(&["sid=1; Path=/; HttpOnly", "b=x=y", "nonsense", "=v"]));
        cookies.take("c.example", &headers(&["sid=9"]));
        assert_eq!(cookies.for_host("a.example"), "b=x=y; sid=1");
        assert_eq!(cookies.for_host("www.a.example"), "");
        cookies.take("a.example", &headers(&["sid=2", "b=; Max-Age=0"]));
        assert_eq!(cookies.for_host("a.example"), "sid=2");
        cookies.take("a.example", &headers(&["sid=deleted; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]));
        assert_eq!(
            (cookies.for_host("a.example"), cookies.for_host("c.example")),
            (String::new(), "sid=9".to_owned())
        );
    }

    #[test]
    fn their_number_and_size_are_bounded() {
        let mut cookies = Cookies::default();
        let many: Vec<String> = (0..100).map(|number| format!("c{number}=v")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        cookies.take("a.example", &headers(&many));
        assert_eq!(cookies.0.len(), COOKIES_MAX);
        let mut cookies = Cookies::default();
        cookies.take("a.example", &headers(&[&format!("c={}", "x".repeat(COOKIE_BYTES_MAX))]));
        assert_eq!(cookies, Cookies::default());
    }
}
