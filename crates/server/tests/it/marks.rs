//! Markers in every field that tells something of a patient: each practice has its own, so that what is told in the
//! wrong place is known by them.

use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;

use crate::flow::covered;

/// Codes that a claim can be billed with, one for each practice of a test.
const DIAGNOSES: [&str; 12] =
    ["F411", "F4312", "F4323", "F331", "F3181", "F4010", "F429", "F5101", "F902", "F603", "F1020", "F330"];

/// What is true of the patients of one practice.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    name: String,
    number: u32,
    pub(crate) diagnosis: &'static str,
}

impl Marks {
    pub(crate) fn of(practice: &str) -> Self {
        let number = crc32fast::hash(practice.as_bytes());
        let diagnosis = DIAGNOSES.iter().cycle().nth(usize::try_from(number % 12).expect("small")).expect("a code");
        Self { name: practice.to_owned(), number, diagnosis }
    }

    fn text(&self, what: &str) -> String {
        format!("Zq{what}{}qz", self.name.replace(|letter: char| !letter.is_ascii_alphabetic(), ""))
    }

    fn birth_date(&self) -> (i32, i32, i32) {
        let part = |divisor: u32, modulus: u32| i32::try_from(self.number / divisor % modulus).expect("small");
        (1931 + part(1, 60), 1 + part(60, 12), 1 + part(720, 28))
    }

    fn phone(&self) -> String {
        format!("617{:07}", 2_000_000 + self.number % 7_999_999)
    }

    fn zip_code(&self) -> String {
        format!("02{:07}", self.number % 9_999_999)
    }

    fn member_id(&self) -> String {
        format!("ZQM{:010}", self.number)
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
        clinical::Coverage {
            member_id: self.member_id(),
            group_number: format!("ZQG{:010}", self.number),
            ..covered(patient_id)
        }
    }

    /// The markers as they are written where text is written.
    pub(crate) fn texts(&self) -> Vec<String> {
        let (year, month, day) = self.birth_date();
        let kinds = ["first", "middle", "last", "mail", "street", "flat", "city"];
        let mut texts: Vec<_> = kinds.map(|kind| self.text(kind)).into();
        texts.extend([self.phone(), self.zip_code(), self.member_id(), format!("ZQG{:010}", self.number)]);
        texts.push(format!("{year}-{month:02}-{day:02}"));
        texts
    }

    /// The markers as they are on the wire.
    pub(crate) fn bytes(&self) -> Vec<Vec<u8>> {
        let date = therapy_claims::google::r#type::Date::from(self.birth_date());
        let mut all: Vec<_> = self.texts().into_iter().map(String::into_bytes).collect();
        all.extend([prost::Message::encode_to_vec(&date), self.diagnosis.as_bytes().to_vec()]);
        all
    }
}
