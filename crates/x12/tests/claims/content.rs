//! Looks at a claim file with nothing of the crate: what a clearinghouse's own checks would find.

/// The first thing that is wrong with the file.
pub(crate) fn fault(file: &str) -> Option<String> {
    let segments: Vec<Vec<&str>> = file.split_terminator('~').map(|segment| segment.split('*').collect()).collect();
    let mut watch = Watch::default();
    segments.iter().find_map(|segment| {
        watch.count += 1;
        watch.problem(segment).map(|problem| format!("{problem}: {}", segment.join("*")))
    })
}

#[derive(Default)]
struct Watch {
    count: usize,
    levels: Vec<(usize, String)>,
    diagnoses: usize,
    lines: usize,
    /// Cents that the claim's lines have yet to charge.
    due: i64,
}

impl Watch {
    fn problem(&mut self, segment: &[&str]) -> Option<&'static str> {
        let at = |n: usize| segment.get(n).copied().unwrap_or_default();
        let fails = |holds: bool, problem| if holds { None } else { Some(problem) };
        if segment.last().is_none_or(|last| last.is_empty())
            || segment.iter().any(|e| e.ends_with(':') && at(0) != "ISA")
        {
            return Some("empty values at the end");
        }
        match at(0) {
            "ST" => {
                *self = Self { count: 1, ..Self::default() };
                fails(at(3) == "005010X222A1" && at(2).len() >= 4, "ST")
            }
            "SE" => fails(self.due == 0 && at(1) == self.count.to_string(), "count of segments or a charge"),
            "HL" => fails(self.level(at(1), at(2), at(3), at(4)), "level"),
            "NM1" if at(8) == "XX" => fails(luhn(at(9)), "NPI"),
            "N4" => fails(digits(at(3), &[5, 9]) && at(2).len() == 2, "ZIP code or state"),
            "PER" => fails(at(3) == "TE" && digits(at(4), &[10]), "phone"),
            "DMG" => fails(at(1) == "D8" && digits(at(2), &[8]) && ["F", "M", "U"].contains(&at(3)), "DMG"),
            "CLM" => {
                let clean =
                    self.due == 0 && at(3).is_empty() && at(4).is_empty() && at(5).split(':').nth(1) == Some("B");
                (self.due, self.lines, self.diagnoses) = (cents(at(2)), 0, 0);
                fails(clean, "CLM, or lines of the claim before")
            }
            "HI" => {
                self.diagnoses = segment.len() - 1;
                let code = |(n, code): (usize, &&str)| {
                    let (qualifier, code) = code.split_once(':').unwrap_or_default();
                    qualifier == if n == 0 { "ABK" } else { "ABF" } && code.chars().all(|c| c.is_ascii_alphanumeric())
                };
                fails(segment.iter().skip(1).enumerate().all(code), "diagnosis")
            }
            "LX" => {
                self.lines += 1;
                fails(at(1) == self.lines.to_string(), "number of a line")
            }
            "SV1" => {
                self.due -= cents(at(2));
                let pointing = at(7).split(':').all(|p| p.parse().is_ok_and(|p| (1..=self.diagnoses).contains(&p)));
                fails(at(1).starts_with("HC:") && at(3) == "UN" && pointing, "service")
            }
            "DTP" => {
                let dates: Vec<_> = at(3).split('-').collect();
                let known =
                    matches!((at(1), at(2), dates.len()), ("472", "D8", 1) | ("472", "RD8", 2) | ("573", "D8", 1));
                fails(known && dates.iter().all(|date| digits(date, &[8]) && date.starts_with("20")), "date")
            }
            _ => None,
        }
    }

    fn level(&mut self, number: &str, parent: &str, kind: &str, child: &str) -> bool {
        let number: usize = number.parse().unwrap_or_default();
        let above = self.levels.iter().rev().find(|(n, _)| n.to_string() == parent).map(|(_, kind)| kind.as_str());
        let fits = match (kind, above) {
            ("20", None) => parent.is_empty() && child == "1",
            ("22", Some("20")) => child == "0" || child == "1",
            ("23", Some("22")) => child == "0",
            _ => false,
        };
        self.levels.push((number, kind.into()));
        fits && number == self.levels.len()
    }
}

fn digits(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit())
}

fn cents(text: &str) -> i64 {
    let (dollars, cents) = text.split_once('.').unwrap_or((text, "00"));
    format!("{dollars}{cents:0<2}").parse().unwrap_or(i64::MIN / 2)
}

/// By the rule of ISO 7812 over the whole number with its prefix, doubling every second digit from the right.
fn luhn(npi: &str) -> bool {
    let sum: u32 = format!("80840{npi}")
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0')) * if n % 2 == 1 { 2 } else { 1 };
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    digits(npi, &[10]) && sum.is_multiple_of(10)
}
