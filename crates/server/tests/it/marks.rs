//! Markers in every field that tells something of a patient: each practice has its own, so that what is told in the
//! wrong place is known by them.

use std::sync::atomic::{AtomicU32, Ordering};

use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;

use crate::flow::covered;

/// Codes that a claim can be billed with, one for each practice of a test.
const DIAGNOSES: [&str; 12] =
    ["F411", "F4312", "F4323", "F331", "F3181", "F4010", "F429", "F5101", "F902", "F603", "F1020", "F330"];

static NEXT: AtomicU32 = AtomicU32::new(1);

/// What is true of the patients of one practice, and of nobody else's in this process.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    number: u32,
    pub(crate) diagnosis: &'static str,
}

impl Marks {
    pub(crate) fn new(practice: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(number < 60 * 12 * 28, "there are no more birthdays");
        // as the others are, it would be the same as some other test's
        let diagnosis = usize::try_from(crc32fast::hash(practice.as_bytes()) % 12).expect("small");
        Self { number, diagnosis: DIAGNOSES.get(diagnosis).expect("a code") }
    }

    fn text(&self, what: &str) -> String {
        let letter = |power| char::from(b'a' + u8::try_from(self.number / 26_u32.pow(power) % 26).expect("small"));
        format!("Zq{what}{}qz", [3, 2, 1, 0].map(letter).iter().collect::<String>())
    }

    /// A number of its own below this prime, which says nothing of how many there are.
    fn below(&self, prime: u64) -> u64 {
        (u64::from(self.number) * 7_654_321 + 1_234_567) % prime
    }

    fn birth_date(&self) -> (i32, i32, i32) {
        let part = |divisor: u32, modulus: u32| i32::try_from(self.number / divisor % modulus).expect("small");
        (1931 + part(1, 60), 1 + part(60, 12), 1 + part(720, 28))
    }

    fn phone(&self) -> String {
        format!("617{:07}", 2_000_000 + self.below(7_999_993))
    }

    fn zip_code(&self) -> String {
        format!("02{:07}", self.below(9_999_991))
    }

    fn member_id(&self) -> String {
        format!("ZQM{:010}", self.below(9_999_991))
    }

    fn group_number(&self) -> String {
        format!("ZQG{:010}", self.below(9_999_991))
    }

    pub(crate) fn patient(&self, therapist_id: &str) -> clinical::Patient {
        clinical::Patient {
            first_name: self.text("first"),
            middle_name: self.text("middle"),
            last_name: self.text("last"),
            birth_date: Some(self.birth_date().into()),
            sex: common::Sex::Female.into(),
            phone: self.phone(),
            email: format!("{}@example.com", self.text("mail")),
            address: Some(common::Address {
                line1: self.text("street"),
                line2: self.text("flat"),
                city: self.text("city"),
                state: "MA".into(),
                zip_code: self.zip_code(),
            }),
            therapist_id: therapist_id.to_owned(),
            ..Default::default()
        }
    }

    pub(crate) fn coverage(&self, patient_id: &str) -> clinical::Coverage {
        clinical::Coverage { member_id: self.member_id(), group_number: self.group_number(), ..covered(patient_id) }
    }

    /// The markers as they are written where text is written, each with what it is.
    fn kinds(&self) -> Vec<(&'static str, String)> {
        let (year, month, day) = self.birth_date();
        let mut kinds: Vec<_> =
            ["first", "middle", "last", "mail", "street", "flat", "city"].map(|kind| (kind, self.text(kind))).into();
        kinds.extend([
            ("phone", self.phone()),
            ("zip code", self.zip_code()),
            ("member id", self.member_id()),
            ("group number", self.group_number()),
            ("birth date", format!("{year}-{month:02}-{day:02}")),
        ]);
        kinds
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.kinds().into_iter().map(|(_kind, text)| text).collect()
    }

    /// What is looked for: the texts, and the birth date as it is on the wire.
    pub(crate) fn sought(&self) -> Vec<(String, Vec<u8>)> {
        let date = therapy_claims::google::r#type::Date::from(self.birth_date());
        let date = ("birth date in a message".to_owned(), prost::Message::encode_to_vec(&date));
        let texts = self.kinds().into_iter().map(|(kind, text)| (kind.to_owned(), text.into_bytes()));
        texts.chain([date]).collect()
    }
}
