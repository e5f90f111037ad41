//! Rules 39 to 46 and 58 to 62: the session, its time, its place, and telehealth.

use super::{Case, Report, Rule, Severity};
use crate::codes::{Family, ModifierKind, Procedure};
use crate::snapshot::Line;

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: 39,
        code: "SESSION_NOT_COMPLETED",
        severity: Severity::Error,
        message: "Session must be completed",
        basis: "specification",
        check: |case, report| {
            if case.snapshot.session.status != "completed" {
                report.at("session.status");
            }
        },
    },
    Rule {
        number: 40,
        code: "DOS_FUTURE",
        severity: Severity::Error,
        message: "Service date is in the future",
        basis: "Stedi; Candid",
        check: |case, report| {
            if case.service_date() > case.today {
                report.at("service_date");
            }
        },
    },
    Rule {
        number: 41,
        code: "DOS_BEFORE_DOB",
        severity: Severity::Error,
        message: "Service date precedes birth date",
        basis: "adjustment reason 14",
        check: |case, report| {
            if case.snapshot.patient.birth_date.is_some_and(|born| case.service_date() < born) {
                report.at("service_date");
            }
        },
    },
    Rule {
        number: 44,
        code: "CPT_TIME_MISMATCH_HIGH",
        severity: Severity::Error,
        message: "Session minutes below the minimum for the code",
        basis: "APA and BCIL time rules",
        check: |case, report| {
            timed(case, |at, line, procedure, minutes| {
                let further = i64::from(line.units.max(1) - 1) * i64::from(procedure.unit_minutes.unwrap_or(0));
                if procedure.min_minutes.is_some_and(|min| i64::from(minutes) < i64::from(min) + further) {
                    report.at(minutes_field(at, line));
                }
            });
        },
    },
    Rule {
        number: 45,
        code: "CPT_TIME_MISMATCH_LOW",
        severity: Severity::Warning,
        message: "Session minutes support a longer code",
        basis: "APA time rules",
        check: too_long,
    },
    Rule {
        number: 46,
        code: "DURATION_MISSING",
        severity: Severity::Error,
        message: "Duration of 1 to 480 minutes required for a timed code",
        basis: "design",
        check: |case, report| {
            for (at, line) in case.snapshot.lines.iter().enumerate() {
                let is_timed = case.codes.procedures.get(&line.cpt_code).is_some_and(Procedure::is_timed);
                if is_timed && minutes(case, line).is_none() {
                    report.at(minutes_field(at, line));
                }
            }
        },
    },
    Rule {
        number: 58,
        code: "POS_CODE",
        severity: Severity::Error,
        message: "Place of service not valid on the service date",
        basis: "CMS list; CR 12427",
        check: |case, report| {
            let place = &case.snapshot.session.place_of_service;
            if !case.codes.is_place(place, case.service_date()) {
                report.at("place_of_service");
            }
            for (at, line) in case.snapshot.lines.iter().enumerate() {
                if line.place_of_service != *place && !case.codes.is_place(&line.place_of_service, line.service_date) {
                    report.at(format!("lines[{at}].place_of_service"));
                }
            }
        },
    },
    Rule {
        number: 59,
        code: "TELEHEALTH_MODIFIER",
        severity: Severity::Warning,
        message: "Payer expects a telehealth modifier with this place of service",
        basis: "practice systems' rejection guides; payer's terms",
        check: telehealth_modifier,
    },
    Rule {
        number: 60,
        code: "TELEHEALTH_POS",
        severity: Severity::Error,
        message: "Telehealth modifier not accepted with this place of service",
        basis: "practice systems' rejection guides; payer's terms",
        check: telehealth_place,
    },
    Rule {
        number: 61,
        code: "AUDIO_ONLY_93",
        severity: Severity::Warning,
        message: "Modality and audio-only modifier disagree",
        basis: "telehealth billing guides",
        check: audio,
    },
    Rule {
        number: 62,
        code: "TELEHEALTH_LICENSE_STATE",
        severity: Severity::Warning,
        message: "Therapist not licensed in the state where the patient was",
        basis: "design",
        check: |case, report| {
            let state = &case.snapshot.session.patient_state;
            let is_remote = is_telehealth(&case.snapshot.session.place_of_service);
            if is_remote && !state.is_empty() && *state != case.snapshot.rendering_provider.license_state {
                report.at("session.patient_state");
            }
        },
    },
];

/// Minutes that can be true: the line's own, else the session's.
fn minutes(case: &Case<'_>, line: &Line) -> Option<i32> {
    line.duration_minutes.or(case.snapshot.session.duration_minutes).filter(|minutes| (1..=480).contains(minutes))
}

fn minutes_field(at: usize, line: &Line) -> String {
    if line.duration_minutes.is_some() {
        format!("lines[{at}].duration_minutes")
    } else {
        "session.duration_minutes".to_owned()
    }
}

/// Calls `judge` with each line that has a timed code and a time.
fn timed(case: &Case<'_>, mut judge: impl FnMut(usize, &Line, &Procedure, i32)) {
    for (at, line) in case.snapshot.lines.iter().enumerate() {
        let procedure = case.codes.procedures.get(&line.cpt_code).filter(|procedure| procedure.is_timed());
        if let (Some(procedure), Some(minutes)) = (procedure, minutes(case, line)) {
            judge(at, line, procedure, minutes);
        }
    }
}

fn too_long(case: &Case<'_>, report: &mut Report<'_>) {
    let has_further_crisis = || {
        let family = |line: &Line| case.codes.procedures.get(&line.cpt_code).map(|procedure| procedure.family);
        case.snapshot.lines.iter().any(|line| family(line) == Some(Family::CrisisAddOn))
    };
    timed(case, |at, line, procedure, minutes| {
        let is_over = procedure.max_minutes.is_some_and(|max| max < minutes);
        if !is_over || (procedure.family == Family::Crisis && has_further_crisis()) {
            return;
        }
        let field = minutes_field(at, line);
        if procedure.code == LONGEST {
            report.saying(Severity::Warning, field, "Session is unusually long for the code");
        } else {
            report.at(field);
        }
    });
}

/// The individual code that no longer one follows; auditors look at its long sessions.
const LONGEST: &str = "90837";

fn is_telehealth(place: &str) -> bool {
    matches!(place, "02" | "10")
}

fn has(case: &Case<'_>, line: &Line, kind: ModifierKind) -> bool {
    line.modifiers.iter().any(|modifier| case.codes.modifier(modifier) == kind)
}

fn telehealth_place(case: &Case<'_>, report: &mut Report<'_>) {
    let terms = case.facts.terms;
    for (at, line) in case.snapshot.lines.iter().enumerate() {
        let place = line.place_of_service.as_str();
        let is_marked = has(case, line, ModifierKind::Video) || line.modifiers.iter().any(|m| m == "93");
        if terms.forbids_telehealth_in_office && place == "11" && is_marked {
            report.at(format!("lines[{at}].place_of_service"));
        } else if place == AT_HOME && terms.telehealth_pos.as_deref().is_some_and(|wanted| wanted != place) {
            let message = "Payer expects another place of service for telehealth at home";
            report.saying(Severity::Warning, format!("lines[{at}].place_of_service"), message);
        }
    }
}

/// Telehealth with the patient at home.
const AT_HOME: &str = "10";

fn telehealth_modifier(case: &Case<'_>, report: &mut Report<'_>) {
    let terms = case.facts.terms;
    let is_audio = case.snapshot.session.modality == "audio";
    let wanted = if is_audio { &terms.audio_modifier } else { &terms.telehealth_modifier }.as_deref();
    for (at, line) in case.snapshot.lines.iter().enumerate().filter(|(_, line)| is_telehealth(&line.place_of_service)) {
        let is_marked = line.modifiers.iter().any(|modifier| {
            matches!(
                case.codes.modifier(modifier),
                ModifierKind::Video | ModifierKind::Audio | ModifierKind::Telehealth
            )
        });
        if wanted.is_some_and(|wanted| !line.modifiers.iter().any(|modifier| modifier == wanted)) {
            report.with(Severity::Error, format!("lines[{at}].modifiers"));
        } else if !is_marked {
            report.at(format!("lines[{at}].modifiers"));
        }
    }
}

/// A session by voice needs the modifier that says so, and one by video must not have it.
fn audio(case: &Case<'_>, report: &mut Report<'_>) {
    // some payers want the audio modifier for everything
    let is_wanted = |modifier: &str| case.facts.terms.telehealth_modifier.as_deref() == Some(modifier);
    let says_audio =
        |line: &Line| line.modifiers.iter().any(|m| case.codes.modifier(m) == ModifierKind::Audio && !is_wanted(m));
    let disagrees = match case.snapshot.session.modality.as_str() {
        "audio" => !case.snapshot.lines.iter().all(|line| has(case, line, ModifierKind::Audio)),
        "video" => case.snapshot.lines.iter().any(says_audio),
        _ => false,
    };
    if disagrees {
        report.at("session.modality");
    }
}

#[cfg(test)]
pub(super) mod tests;
