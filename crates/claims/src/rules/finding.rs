//! What a rule, a clearinghouse or a payer has to say about a claim. Never holds a patient's data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

kernel::text_enum! {
    /// What a finding does to the claim.
    pub enum Severity {
        /// Keeps the claim from being ready.
        Error = "error",
        /// Must be acknowledged by someone who bills.
        Warning = "warning",
        /// Good to know.
        Info = "info",
    }
}

kernel::text_enum! {
    /// Who found it.
    pub enum Source {
        Local = "local",
        Clearinghouse = "clearinghouse",
        Payer = "payer",
    }
}

/// One thing that is wrong, or noteworthy, with one field of a claim.
///
/// `claims.validation_errors` holds a JSON array of these, whoever found them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Upper snake case; part of the API.
    pub code: Cow<'static, str>,
    pub severity: Severity,
    /// Path in the claim snapshot, such as `lines[0].cpt_code`.
    pub field: Cow<'static, str>,
    /// Names the field and the expected form, never the value.
    pub message: Cow<'static, str>,
    /// The rules that were run; empty for findings of others.
    pub rule_set_version: Cow<'static, str>,
    pub source: Source,
}

impl Finding {
    /// A finding that came back from outside. `message` must hold no PHI.
    #[must_use]
    pub fn foreign(source: Source, code: String, field: String, message: String) -> Self {
        Self {
            code: code.into(),
            severity: Severity::Error,
            field: field.into(),
            message: message.into(),
            rule_set_version: Cow::Borrowed(""),
            source,
        }
    }
}

/// Whether a claim with these findings may not become ready.
#[must_use]
pub fn blocks(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_survives_json() {
        let finding = Finding::foreign(Source::Payer, "A7_562".into(), "billing_provider.npi".into(), "NPI".into());
        let json = serde_json::to_string(&finding).unwrap();
        assert_eq!(
            json,
            r#"{"code":"A7_562","severity":"error","field":"billing_provider.npi","message":"NPI","rule_set_version":"","source":"payer"}"#
        );
        assert_eq!(serde_json::from_str::<Finding>(&json).unwrap(), finding);
    }

    #[test]
    fn only_errors_block() {
        let mut finding = Finding::foreign(Source::Payer, "X".into(), String::new(), String::new());
        assert!(blocks(std::slice::from_ref(&finding)));
        finding.severity = Severity::Warning;
        assert!(!blocks(&[finding]));
        assert!(!blocks(&[]));
    }
}
