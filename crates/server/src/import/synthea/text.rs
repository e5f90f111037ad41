//! Cleaning of names, ZIP codes, states and times as Synthea writes them.

use chrono::{DateTime, NaiveDate, Utc};

/// A name without the number that Synthea puts behind it, and whether there was one.
pub(super) fn name(text: &str) -> (String, bool) {
    let clean: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
    let has_changed = clean.len() != text.len();
    (clean.split_whitespace().collect::<Vec<_>>().join(" "), has_changed)
}

/// First and last name of a full one, without a title before it.
pub(super) fn full_name(text: &str) -> (String, String) {
    let (clean, _) = name(text);
    let is_title = |word: &&str| matches!(word.trim_end_matches('.'), "Mr" | "Mrs" | "Ms" | "Dr" | "Prof");
    let words: Vec<_> = clean.split(' ').filter(|word| !is_title(word)).collect();
    match words.split_last() {
        Some((last, first)) => (first.join(" "), (*last).to_owned()),
        None => (String::new(), String::new()),
    }
}

/// A ZIP code in digits, and whether a lost zero was put back. `None` when it is no ZIP code.
pub(super) fn zip(text: &str) -> Option<(String, bool)> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match digits.len() {
        // spreadsheets take a leading zero for nothing
        4 | 8 => Some((format!("0{digits}"), true)),
        0 | 5 | 9 => Some((digits, false)),
        _ => None,
    }
}

/// A state's two letters, from its name or from the letters themselves.
pub(super) fn state(text: &str) -> Option<&'static str> {
    let is_it = |(name, code): &&(&str, &str)| text.eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(code);
    STATES.iter().find(is_it).map(|(_, code)| *code)
}

pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// A day, alone or with a time behind it.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    text.parse().ok().or_else(|| Some(time(text)?.date_naive()))
}

/// An amount with two decimals; none are made up or rounded away.
pub(super) fn amount(text: &str) -> Option<String> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let cents = match cents.len() {
        1 => format!("{cents}0"),
        2 => cents.to_owned(),
        _ => return None,
    };
    (is_number(whole) && is_number(&cents)).then(|| format!("{whole}.{cents}"))
}

const STATES: [(&str, &str); 52] = [
    ("Alabama", "AL"),
    ("Alaska", "AK"),
    ("Arizona", "AZ"),
    ("Arkansas", "AR"),
    ("California", "CA"),
    ("Colorado", "CO"),
    ("Connecticut", "CT"),
    ("Delaware", "DE"),
    ("District of Columbia", "DC"),
    ("Florida", "FL"),
    ("Georgia", "GA"),
    ("Hawaii", "HI"),
    ("Idaho", "ID"),
    ("Illinois", "IL"),
    ("Indiana", "IN"),
    ("Iowa", "IA"),
    ("Kansas", "KS"),
    ("Kentucky", "KY"),
    ("Louisiana", "LA"),
    ("Maine", "ME"),
    ("Maryland", "MD"),
    ("Massachusetts", "MA"),
    ("Michigan", "MI"),
    ("Minnesota", "MN"),
    ("Mississippi", "MS"),
    ("Missouri", "MO"),
    ("Montana", "MT"),
    ("Nebraska", "NE"),
    ("Nevada", "NV"),
    ("New Hampshire", "NH"),
    ("New Jersey", "NJ"),
    ("New Mexico", "NM"),
    ("New York", "NY"),
    ("North Carolina", "NC"),
    ("North Dakota", "ND"),
    ("Ohio", "OH"),
    ("Oklahoma", "OK"),
    ("Oregon", "OR"),
    ("Pennsylvania", "PA"),
    ("Puerto Rico", "PR"),
    ("Rhode Island", "RI"),
    ("South Carolina", "SC"),
    ("South Dakota", "SD"),
    ("Tennessee", "TN"),
    ("Texas", "TX"),
    ("Utah", "UT"),
    ("Vermont", "VT"),
    ("Virginia", "VA"),
    ("Washington", "WA"),
    ("West Virginia", "WV"),
    ("Wisconsin", "WI"),
    ("Wyoming", "WY"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_numbers_and_titles() {
        assert_eq!(name("Jackie93"), ("Jackie".to_owned(), true));
        assert_eq!(name("O'Keefe 54 Ann"), ("O'Keefe Ann".to_owned(), true));
        assert_eq!(name("Ann"), ("Ann".to_owned(), false));
        assert_eq!(full_name("Laverna97 Leffler128"), ("Laverna".to_owned(), "Leffler".to_owned()));
        assert_eq!(full_name("Mrs. Gleichner915"), (String::new(), "Gleichner".to_owned()));
        assert_eq!(full_name(""), (String::new(), String::new()));
    }

    #[test]
    fn zip_codes_get_their_zero_back() {
        assert_eq!(zip("2138"), Some(("02138".to_owned(), true)));
        assert_eq!(zip("01376-1830"), Some(("013761830".to_owned(), false)));
        assert_eq!(zip("13761830"), Some(("013761830".to_owned(), true)));
        assert_eq!(zip(""), Some((String::new(), false)));
        assert_eq!(zip("213"), None);
        assert_eq!(zip("K1A 0B1"), None);
    }

    #[test]
    fn states_times_and_amounts_are_read() {
        assert_eq!((state("massachusetts"), state("ma"), state("Ontario")), (Some("MA"), Some("MA"), None));
        assert_eq!(day("2000-01-18T13:01:59Z"), NaiveDate::from_ymd_opt(2000, 1, 18));
        assert_eq!(day("1996-06-05"), NaiveDate::from_ymd_opt(1996, 6, 5));
        assert_eq!(day("20230229"), None);
        assert_eq!(day("2023-02-29"), None);
        for (text, expected) in [
            ("77.49", Some("77.49")),
            ("77.5", Some("77.50")),
            ("77", Some("77.00")),
            ("77.495", None),
            ("-1.00", None),
            ("", None),
            ("NaN", None),
        ] {
            assert_eq!(amount(text).as_deref(), expected, "{text}");
        }
    }
}
