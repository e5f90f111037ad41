//! Defects on purpose: what is wrong with a session or its patient, and the finding that must come of it.

use chrono::TimeDelta;
use therapy_claims::clinical::v1 as clinical;

use super::catalog::{EVALUATION, PRESCRIBER};
use super::make::{Fate, Plan, Scene, dollars};
use super::people;
use super::sessions::book;

/// Of a thousand sessions, those with a defect.
const SHARE: usize = 40;

macro_rules! defects {
    ($($(#[$doc:meta])* $name:ident => $code:literal;)*) => {
        /// What is wrong on purpose.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Defect {
            $($(#[$doc])* $name,)*
        }

        impl Defect {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code of the rule that must find it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

defects! {
    /// No diagnosis at all.
    DiagnosisMissing => "DX_REQUIRED";
    /// A category instead of a code.
    DiagnosisCategory => "DX_NOT_BILLABLE";
    /// A code that does not exist.
    DiagnosisUnknown => "DX_NOT_VALID_ON_DOS";
    /// The same code twice.
    DiagnosisRepeated => "DX_DUPLICATE";
    /// An external cause in the first place.
    DiagnosisNeverFirst => "DX_PRIMARY_NOT_ALLOWED";
    /// A problem of life instead of an illness in the first place.
    DiagnosisOfLife => "DX_PRIMARY_Z";
    /// A long code for a short session.
    TooShort => "CPT_TIME_MISMATCH_HIGH";
    /// A short code for a long session.
    TooLong => "CPT_TIME_MISMATCH_LOW";
    /// No such procedure.
    ProcedureUnknown => "CPT_UNKNOWN_OR_INACTIVE";
    /// An add-on without what it is added to.
    AddOnAlone => "ADDON_WITHOUT_BASE";
    /// Two codes that exclude each other.
    CodesConflict => "CODE_PAIR_CONFLICT";
    /// A prescriber's code by somebody who is none.
    NotAPrescriber => "PRESCRIBER_ONLY";
    /// Nothing charged.
    NoCharge => "CHARGE_POSITIVE";
    /// No such place of service.
    PlaceUnknown => "POS_CODE";
    /// Telehealth that doesn't say so.
    TelehealthUnmarked => "TELEHEALTH_MODIFIER";
    /// By voice, marked as by video.
    VoiceMarkedAsVideo => "AUDIO_ONLY_93";
    /// The patient was in a state where the therapist has no license.
    OtherState => "TELEHEALTH_LICENSE_STATE";
    /// More paid on the day than charged.
    CopayAboveCharge => "COPAY_GT_CHARGE";
    /// A Part 2 record without consent.
    NoConsent => "PART2_CONSENT";
    /// A year late.
    FiledLate => "TIMELY_FILING_EXPIRED";
    /// No coverage, and not a self-payer either.
    NoCoverage => "COVERAGE_MISSING";
    /// No member id.
    NoMemberId => "MEMBER_ID_MISSING";
    /// A member id with spaces.
    MemberIdForm => "MEMBER_ID_FORMAT";
    /// A payer that is not in the list.
    PayerUnknown => "PAYER_UNKNOWN";
    /// No address of the patient.
    NoAddress => "PATIENT_ADDRESS";
    /// A therapist without a number.
    NoNpi => "NPI_RENDERING_MISSING";
    /// A therapist whom the payer doesn't know.
    NotInNetwork => "NETWORK_STATUS";
}

/// Plants defects in a share of the sessions that would be billed, one kind after the other.
pub(super) fn plant(scene: &Scene, plan: &mut Plan) {
    let mut draw = scene.draw("defects");
    let is_billed = |fate: Fate| matches!(fate, Fate::Drafted | Fate::Ready | Fate::Submitted);
    let spoilable = plan.sessions.iter().enumerate().filter(|(_, planned)| {
        is_billed(planned.fate) && !planned.session.self_pay && planned.session.add_ons.is_empty()
    });
    let mut chosen: Vec<_> = spoilable.map(|(at, _)| at).collect();
    draw.shuffle(&mut chosen);
    chosen.truncate((plan.sessions.len() * SHARE).div_ceil(1000));
    // each practice begins elsewhere in the list, so that small ones don't all have the same
    let first = usize::try_from(draw.below(Defect::ALL.len() as u64)).unwrap_or_default();
    for (at, defect) in chosen.into_iter().zip(Defect::ALL.iter().cycle().skip(first)) {
        spoil(scene, plan, at, *defect);
    }
}

fn spoil(scene: &Scene, plan: &mut Plan, at: usize, mut defect: Defect) {
    let treating = plan.sessions.get(at).and_then(|planned| plan.therapists.get(planned.therapist));
    // a prescriber's code is an evaluation, and a second one so soon would be questioned as well
    let is_evaluated = plan.sessions.get(at).is_some_and(|planned| {
        plan.sessions.iter().any(|other| other.patient == planned.patient && other.session.cpt_code == EVALUATION)
    });
    let prescribes = treating.is_some_and(|t| t.therapist.taxonomy == PRESCRIBER.0);
    if defect == Defect::NotAPrescriber && (prescribes || is_evaluated) {
        defect = Defect::DiagnosisMissing;
    }
    if matches!(defect, Defect::NoNpi | Defect::NotInNetwork) {
        spoil_therapist(scene, plan, at, defect);
    }
    spoil_patient(plan, at, defect);
    let Some(planned) = plan.sessions.get_mut(at) else { return };
    planned.defect = Some(defect);
    let session = &mut planned.session;
    if let Some(codes) = diagnoses(defect) {
        session.diagnosis_codes = texts(codes);
    }
    spoil_service(session, defect);
    spoil_place(session, defect);
    session.part2 = defect == Defect::NoConsent;
    if defect == Defect::FiledLate {
        let days = 400 + i64::try_from(at / 60).unwrap_or_default();
        book(session, scene.day - TimeDelta::days(days), 15 + at % 6, at % 60);
    }
}

/// The diagnoses of those whose defect they are.
fn diagnoses(defect: Defect) -> Option<&'static [&'static str]> {
    let table: [(Defect, &[&str]); 7] = [
        (Defect::DiagnosisMissing, &[]),
        (Defect::DiagnosisCategory, &["F41"]),
        (Defect::DiagnosisUnknown, &["F41.7"]),
        (Defect::DiagnosisRepeated, &["F41.1", "F41.1"]),
        (Defect::DiagnosisNeverFirst, &["Y93.9", "F43.10"]),
        (Defect::DiagnosisOfLife, &["Z63.0", "F41.1"]),
        (Defect::NoConsent, &["F10.20"]),
    ];
    table.iter().find(|(of, _)| *of == defect).map(|(_, codes)| *codes)
}

/// What was done, for how long and how much.
fn spoil_service(session: &mut clinical::Session, defect: Defect) {
    let table: [(Defect, &str, i32, &[&str]); 6] = [
        (Defect::TooShort, "90837", 40, &[]),
        (Defect::TooLong, "90834", 60, &[]),
        (Defect::ProcedureUnknown, "90830", 45, &[]),
        (Defect::AddOnAlone, "90853", 60, &["90863"]),
        (Defect::CodesConflict, "90847", 50, &["90785"]),
        (Defect::NotAPrescriber, "90792", 60, &[]),
    ];
    if let Some((_, cpt, minutes, add_ons)) = table.iter().find(|(of, ..)| *of == defect) {
        (*cpt).clone_into(&mut session.cpt_code);
        session.duration_minutes = *minutes;
        session.ends_at = session
            .starts_at
            .map(|start| prost_types::Timestamp { seconds: start.seconds + i64::from(*minutes) * 60, ..start });
        let add_on = |code: &&str| clinical::AddOn { cpt_code: (*code).to_owned(), fee: dollars(2_000) };
        session.add_ons = add_ons.iter().map(add_on).collect();
    }
    if defect == Defect::NoCharge {
        session.fee = dollars(0);
    }
    if defect == Defect::CopayAboveCharge {
        session.copay = dollars(90_000);
    }
}

/// Where it was done, and how.
fn spoil_place(session: &mut clinical::Session, defect: Defect) {
    use clinical::Modality::{Audio, InPerson, Video};
    let table: [(Defect, &str, clinical::Modality, &[&str]); 6] = [
        (Defect::PlaceUnknown, "98", InPerson, &[]),
        (Defect::AddOnAlone, "11", InPerson, &[]),
        (Defect::CodesConflict, "11", InPerson, &[]),
        (Defect::TelehealthUnmarked, "10", Video, &[]),
        (Defect::VoiceMarkedAsVideo, "10", Audio, &["95"]),
        (Defect::OtherState, "10", Audio, &["93"]),
    ];
    if let Some((_, place, modality, modifiers)) = table.iter().find(|(of, ..)| *of == defect) {
        (*place).clone_into(&mut session.place_of_service);
        session.modality = (*modality).into();
        session.modifiers = texts(modifiers);
        session.patient_state.clear();
    }
    if defect == Defect::OtherState {
        "VT".clone_into(&mut session.patient_state);
    }
}

fn texts(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

/// Gives the session to a patient of its own, if it is the patient who has the defect.
fn spoil_patient(plan: &mut Plan, at: usize, defect: Defect) {
    let spoils = matches!(
        defect,
        Defect::NoCoverage | Defect::NoMemberId | Defect::MemberIdForm | Defect::PayerUnknown | Defect::NoAddress
    );
    let Some(planned) = plan.sessions.get(at).filter(|_| spoils) else { return };
    let Some(mut patient) = plan.patients.get(planned.patient).cloned() else { return };
    patient.key = format!("{}-defect{at}", patient.key);
    patient.coverages.truncate(1);
    if defect == Defect::NoAddress {
        patient.patient.address = None;
    }
    if defect == Defect::NoCoverage {
        patient.coverages.clear();
    }
    for coverage in &mut patient.coverages {
        if defect == Defect::NoMemberId {
            coverage.member_id.clear();
        }
        if defect == Defect::MemberIdForm {
            "W 1234 5678".clone_into(&mut coverage.member_id);
        }
        if defect == Defect::PayerUnknown {
            "99999".clone_into(&mut coverage.payer_id);
        }
    }
    plan.patients.push(patient);
    let last = plan.patients.len() - 1;
    if let Some(planned) = plan.sessions.get_mut(at) {
        planned.patient = last;
    }
}

/// Gives the session to a therapist of its own who has the defect.
fn spoil_therapist(scene: &Scene, plan: &mut Plan, at: usize, defect: Defect) {
    let mut draw = scene.draw(&format!("defect{at}"));
    let number = plan.therapists.len();
    let mut therapist = people::therapist(scene, &mut draw, number, "101YM0800X", "LMHC");
    if defect == Defect::NoNpi {
        therapist.therapist.npi.clear();
    } else {
        therapist.networks.clear();
    }
    plan.therapists.push(therapist);
    if let Some(planned) = plan.sessions.get_mut(at) {
        planned.therapist = number;
    }
}
