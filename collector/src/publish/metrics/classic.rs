//! The older text format (0.0.4), for readers that do not ask for `OpenMetrics`: Zabbix, scripts, old agents.
//!
//! The same lines. Only descriptions differ: there a counter and a fact are called as their samples are, a fact is
//! a gauge, and nothing ends the text.

/// What it is served as.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// An exposition in `OpenMetrics`, told the older way.
pub(super) fn classic(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    // A family's HELP comes first, and its TYPE says what it is called.
    let mut help: Option<(&str, &str)> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                other => ("", other),
            };
            if let Some((_, words)) = help.take() {
                told.extend(["# HELP ", name, suffix, " ", words, "\n"]);
            }
            told.extend(["# TYPE ", name, suffix, " ", kind, "\n"]);
        } else if line != "# EOF" {
            told.extend([line, "\n"]);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_facts_are_called_as_their_samples_are() {
        let text = "# HELP a How many.\n# TYPE a counter\na_total 3\n# HELP b Who.\n# TYPE b info\n\
                    b_info{name=\"x\"} 1\n# HELP c How much.\n# TYPE c gauge\nc 0.5\n# EOF\n";
        let expected = "# HELP a_total How many.\n# TYPE a_total counter\na_total 3\n# HELP b_info Who.\n\
                        # TYPE b_info gauge\nb_info{name=\"x\"} 1\n# HELP c How much.\n# TYPE c gauge\nc 0.5\n";
        assert_eq!(classic(text), expected);
    }
}
