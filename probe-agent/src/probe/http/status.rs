//! Which statuses are up.

/// `200`, or `2xx` for its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::probe) enum StatusPattern {
    Exactly(u16),
    Class(u16),
}

impl StatusPattern {
    pub(in crate::probe) fn parse(text: &str) -> Option<Self> {
        if let Some(class) = text.strip_suffix("xx") {
            let class = class.parse().ok().filter(|class| (1..=5).contains(class))?;
            return Some(Self::Class(class));
        }
        let status = text.parse().ok().filter(|status| (100..=599).contains(status))?;
        Some(Self::Exactly(status))
    }

    pub(in crate::probe) fn holds(self, status: u16) -> bool {
        match self {
            Self::Exactly(wanted) => status == wanted,
            Self::Class(class) => status / 100 == class,
        }
    }
}

impl std::fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_judged_by_the_list() {
        for (pattern, status, expected) in [
            ("2xx", 200, true),
            ("2xx", 204, true),
            ("2xx", 301, false),
            ("200", 200, true),
            ("200", 201, false),
            ("5xx", 503, true),
            ("401", 401, true),
        ] {
            assert_eq!(StatusPattern::parse(pattern).unwrap().holds(status), expected, "{pattern} {status}");
        }
        for bad in ["", "xx", "6xx", "0xx", "99", "600", "20x", "2xxx"] {
            assert_eq!(StatusPattern::parse(bad), None, "{bad}");
        }
    }
}
