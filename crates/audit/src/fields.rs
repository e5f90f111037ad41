//! What kinds of data an access shows: by resource and by the role, as roles are shown resources in part.

/// The classes of what an actor in that role is shown of a resource. Nothing for resources that hold no PHI.
#[must_use]
pub(crate) fn classes(resource: &str, acting_as: &str) -> &'static [&'static str] {
    let is_front_desk = acting_as == "front_desk";
    match resource {
        "patient" | "break_glass" => &["demographic"],
        "coverage" => &["demographic", "financial"],
        "session" if is_front_desk => &["demographic", "financial"],
        "session" => &["demographic", "clinical_code", "financial"],
        // status, dates and the patient's balance
        "claim" if is_front_desk => &["financial"],
        "claim" => &["demographic", "clinical_code", "financial"],
        // who asked for what of a claim's money, and why
        "claim_action" => &["financial"],
        "remittance" => &["financial"],
        // the member's number with the payer beside the money
        "remittance_claim" => &["demographic", "clinical_code", "financial"],
        // whose data was used
        "audit_entry" => &["demographic"],
        _ => &[],
    }
}
