//! The tokenizer on made-up files.

use super::*;
use crate::error::Error;

const ISA: &str =
    "ISA*00*          *00*          *ZZ*TCH99          *ZZ*EST0001        *261020*0330*^*00501*000000401*0*T*:~";

/// Hands out a few bytes at a time, as a slow network would.
struct Trickle<'a>(&'a [u8], usize);

impl std::io::Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn all(file: &[u8], step: usize) -> Result<Vec<String>, Error> {
    let mut tokens = Tokens::new(Trickle(file, step));
    let mut found = Vec::new();
    while tokens.advance()? {
        let segment = tokens.segment();
        let elements: Vec<&str> = (0..=segment.len()).map(|n| segment.element(n)).collect();
        found.push(elements.join("|"));
    }
    Ok(found)
}

#[test]
fn segments_do_not_depend_on_how_the_bytes_arrive() {
    let file = format!("\u{FEFF} \r\n{ISA}\r\nTA1*000000101*261001*1412*A*000~\r\nIEA*0*000000401~\r\n");
    let whole = all(file.as_bytes(), usize::MAX).unwrap();
    assert_eq!(whole[1..], ["TA1|000000101|261001|1412|A|000", "IEA|0|000000401"]);
    for step in [1, 2, 3, 7, 105, 106] {
        assert_eq!(all(file.as_bytes(), step).unwrap(), whole);
    }
}

#[test]
fn delimiters_are_whatever_each_isa_declares() {
    let odd = ISA.replace('*', "|").replace('^', "!").replace(":~", ">\n");
    let file = format!("{odd}GS|FA\nIEA|0|1\n{ISA}IEA*0*2~");
    let mut tokens = Tokens::new(file.as_bytes());
    assert!(tokens.advance().unwrap());
    let expected = Delimiters { element: b'|', repetition: Some(b'!'), component: b'>', terminator: b'\n' };
    assert_eq!(tokens.segment().delimiters(), expected);
    assert_eq!(all(file.as_bytes(), 9).unwrap().len(), 5);
}

#[test]
fn a_letter_in_isa11_is_no_repetition_separator() {
    let file = ISA.replace('^', "U");
    let mut tokens = Tokens::new(file.as_bytes());
    assert!(tokens.advance().unwrap());
    assert_eq!(tokens.segment().delimiters().repetition, None);
}

#[test]
fn carriage_return_and_newline_terminate_as_one() {
    let file = format!("{}\r\nTA1*1\r\nIEA*0*2\r\n", ISA.trim_end_matches('~'));
    assert_eq!(all(file.as_bytes(), 1).unwrap()[1..], ["TA1|1", "IEA|0|2"]);
}

#[test]
fn positions_count_in_the_file_and_in_the_set() {
    let file = format!("{ISA}GS*HP~ST*835*1~\nBPR*I~SE*3*1~GE*1*1~IEA*1*1~");
    let mut tokens = Tokens::new(file.as_bytes());
    let mut places = Vec::new();
    while tokens.advance().unwrap() {
        let Position { segment, in_set, byte } = tokens.position();
        let id = tokens.segment().id().to_owned();
        assert!(file.get(usize::try_from(byte).unwrap()..).unwrap().starts_with(&id));
        places.push((id, segment, in_set));
    }
    let places: Vec<(&str, u64, u64)> =
        places.iter().map(|(id, segment, in_set)| (id.as_str(), *segment, *in_set)).collect();
    let expected =
        [("ISA", 1, 0), ("GS", 2, 0), ("ST", 3, 1), ("BPR", 4, 2), ("SE", 5, 3), ("GE", 6, 0), ("IEA", 7, 0)];
    assert_eq!(places, expected);
}

#[test]
fn components_and_repetitions_are_read_in_order() {
    let file = format!("{ISA}EB*HC:90837:95*A1:20^A2**~");
    let mut tokens = Tokens::new(file.as_bytes());
    assert!(tokens.advance().unwrap() && tokens.advance().unwrap());
    let segment = tokens.segment();
    assert_eq!(segment.components(1).collect::<Vec<_>>(), ["HC", "90837", "95"]);
    assert_eq!((segment.component(1, 2), segment.component(1, 9), segment.component(3, 1)), ("90837", "", ""));
    let first = segment.repetitions(2).next().unwrap();
    assert_eq!(segment.components_of(first).collect::<Vec<_>>(), ["A1", "20"]);
    assert_eq!((segment.len(), segment.element(4), segment.element(99)), (4, "", ""));
}

#[test]
fn text_that_is_not_utf8_is_taken_as_latin1() {
    let mut file = format!("{ISA}NM1*").into_bytes();
    file.extend([0xC9, b'L', b'*', b'x', b'~']);
    assert_eq!(all(&file, 4).unwrap()[1], "NM1|ÉL|x");
}

#[test]
fn characters_stay_whole_however_the_bytes_arrive() {
    let utf8 = "NM1*É\u{1F33B}L*x~".as_bytes();
    let latin1 = b"NM1*\xC9L*x~";
    for (count, step) in [(20, 1), (20, 2), (20, 3), (2000, 1021), (2000, usize::MAX)] {
        let file = [ISA.as_bytes(), &utf8.repeat(count), latin1, &utf8.repeat(20)].concat();
        let found = all(&file, step).unwrap();
        assert_eq!(found.len(), count + 22);
        for (at, segment) in found.iter().enumerate().skip(1) {
            assert_eq!(segment, if at == count + 1 { "NM1|ÉL|x" } else { "NM1|É\u{1F33B}L|x" }, "{at}");
        }
    }
}

#[test]
fn what_is_beyond_a_limit_or_cut_is_refused_without_its_value() {
    for (rest, expected) in [
        ("A".repeat(SEGMENT_BYTES_MAX + 1), "64 KiB"),
        (format!("NM1*{}~", "A".repeat(ELEMENT_BYTES_MAX + 1)), "1056 bytes"),
        (format!("NM1{}~", "*".repeat(ELEMENTS_MAX + 1)), "256 elements"),
        ("NM1*SMITH".to_owned(), "terminator"),
    ] {
        let error = all(format!("{ISA}{rest}").as_bytes(), 5000).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("SMITH"), "{error}");
    }
}

#[test]
fn the_longest_text_of_the_guides_is_read_and_not_one_character_more_of_four_bytes() {
    let file = |characters: usize| format!("{ISA}STC*{}~", "\u{1F33B}".repeat(characters));
    assert_eq!(all(file(264).as_bytes(), 999).unwrap().len(), 2);
    assert!(all(file(265).as_bytes(), 999).is_err());
}

#[test]
fn nul_is_no_delimiter() {
    for (from, to) in [("^*00501", "\0*00501"), ("*:~", "*\0~"), (":~", ":\0")] {
        let error = all(ISA.replace(from, to).as_bytes(), 50).unwrap_err().to_string();
        assert!(error.contains("delimiters"), "{error}");
    }
}

#[test]
fn a_file_that_does_not_begin_with_isa_is_refused() {
    for file in ["hello", "ISA*", "ISA", "GS*HC~"] {
        assert!(all(file.as_bytes(), 2).is_err());
    }
    assert!(all(ISA.replace(":~", "*~").as_bytes(), 7).is_err());
    assert_eq!(all(b"", 1).unwrap().len(), 0);
}

#[test]
fn debug_tells_no_values() {
    let file = format!("{ISA}NM1*IL*1*SMITH~");
    let mut tokens = Tokens::new(file.as_bytes());
    assert!(tokens.advance().unwrap() && tokens.advance().unwrap());
    let told = format!("{:?} {:?} {:?}", tokens, tokens.segment(), tokens.segment().components(3));
    assert!(!told.contains("SMITH"), "{told}");
}
