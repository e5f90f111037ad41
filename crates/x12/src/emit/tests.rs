//! Segments as they stand in the document, and the cleaning of values.

use proptest::prelude::*;

use super::*;

fn written(fill: impl FnOnce(&mut Segment<'_>)) -> String {
    let mut out = Emitter::new();
    fill(&mut out.segment("X"));
    String::from_utf8(out.into_bytes()).unwrap()
}

#[test]
fn empty_elements_stay_inside_and_vanish_at_the_end() {
    assert_eq!(written(|s| _ = s.text("A").text("").text("B").text("").empty(3)), "X*A**B~");
    assert_eq!(written(|s| _ = s.text("").text(" ")), "X~");
}

#[test]
fn empty_components_vanish_at_the_end_of_their_element() {
    assert_eq!(written(|s| _ = s.text("HC").part("90837").part("").part("").text("150")), "X*HC:90837*150~");
    assert_eq!(written(|s| _ = s.parts(["11", "", "1", ""])), "X*11::1~");
    assert_eq!(written(|s| _ = s.number(1_u32).number_part(2_u32)), "X*1:2~");
}

#[test]
fn numbers_amounts_dates_and_times_have_their_wire_forms() {
    let day = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
    assert_eq!(written(|s| _ = s.number(0_u32).number(105_u32).padded(7_u32, 4)), "X*0*105*0007~");
    assert_eq!(written(|s| _ = s.amount(Cents(15_000)).amount(Cents(17_550)).amount(Cents(5))), "X*150*175.5*0.05~");
    assert_eq!(written(|s| _ = s.amount(Cents(-310)).amount(Cents(0)).amount(Cents(1205))), "X*-3.1*0*12.05~");
    assert_eq!(written(|s| _ = s.date(day).dates(day, day)), "X*20260309*20260309-20260309~");
    assert_eq!(written(|s| _ = s.short_date(day).time(NaiveTime::from_hms_opt(1, 2, 3).unwrap())), "X*260309*0102~");
}

#[test]
fn letters_lose_their_marks_and_delimiters_become_spaces() {
    assert_eq!(written(|s| _ = s.text("Zoë Łukasz-Nuñez")), "X*Zoe Lukasz-Nunez~");
    assert_eq!(written(|s| _ = s.text("A*B~C:D^E")), "X*A B C D E~");
    assert_eq!(written(|s| _ = s.text("O’Brien\r\n\u{0}")), "X*O'Brien~");
    assert_eq!(written(|s| _ = s.text("Nguye\u{302}\u{303}n Nguyễn")), "X*Nguyen Nguyen~");
    assert_eq!(written(|s| _ = s.text("  padded  ")), "X*padded~");
    assert_eq!(written(|s| _ = s.text("李")), "X*?~");
    assert!(charset::is_writable("Zoë Nguyễn") && !charset::is_writable("李"));
}

#[test]
fn segments_are_counted_and_bytes_can_be_taken_in_between() {
    let mut out = Emitter::new();
    out.segment("LX").number(1_u32);
    let mut taken = Vec::new();
    out.drain_to(&mut taken).unwrap();
    out.segment("LX").number(2_u32);
    out.drain_to(&mut taken).unwrap();
    assert_eq!((taken.as_slice(), out.segments()), (b"LX*1~LX*2~".as_slice(), 2));
}

proptest! {
    #[test]
    fn no_value_can_forge_an_element_or_a_segment(values in proptest::collection::vec(".{0,30}", 0..6)) {
        let text = written(|s| for value in &values { s.text(value); });
        prop_assert!(text.is_ascii() && !text.contains(|c: char| c.is_ascii_control()));
        prop_assert_eq!(text.matches('~').count(), 1);
        prop_assert!(text.matches('*').count() <= values.len());
        prop_assert!(!text.contains([':', '^']));
    }
}
