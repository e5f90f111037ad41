//! The small closed code lists of a claim. In JSON a code is as on the wire: `"18"`, not `"self"`.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
            pub enum $name {
                $($(#[$variant_doc])* #[serde(rename = $code)] $variant,)+
            }

            impl $name {
                pub const ALL: &[Self] = &[$(Self::$variant),+];

                /// The code on the wire.
                #[must_use]
                pub const fn as_str(self) -> &'static str {
                    match self { $(Self::$variant => $code),+ }
                }

                /// The meaning of a code, if it is in the list.
                #[must_use]
                pub fn from_code(code: &str) -> Option<Self> {
                    match code { $($code => Some(Self::$variant),)+ _ => None }
                }
            }
        )+
    };
}

codes! {
    /// BHT02.
    Purpose {
        Original = "00",
        /// The file was sent before and its receiver lost it.
        Reissue = "18",
    }
    /// CLM05-3.
    Frequency {
        Original = "1",
        Replacement = "7",
        Void = "8",
    }
    /// SBR01: which of the patient's payers it is.
    Sequence {
        Primary = "P",
        Secondary = "S",
        Tertiary = "T",
        Fourth = "A",
        Fifth = "B",
        Sixth = "C",
        Seventh = "D",
        Eighth = "E",
        Ninth = "F",
        Tenth = "G",
        Eleventh = "H",
        /// Nobody knows which.
        Unknown = "U",
    }
    /// CLM07: whether the provider takes the payer's rate.
    Assignment {
        Assigned = "A",
        /// For laboratory services only.
        LaboratoryOnly = "B",
        NotAssigned = "C",
    }
    /// CLM08 and OI03: whether the payer shall pay the provider.
    BenefitsAssigned {
        Yes = "Y",
        No = "N",
        NotApplicable = "W",
    }
    /// CLM09 and OI06: whether the patient let information be released.
    Release {
        Signed = "Y",
        /// Informed consent, where no signature is required.
        Informed = "I",
    }
    /// DMG03.
    Sex {
        Female = "F",
        Male = "M",
        Unknown = "U",
    }
    /// REF01 of the billing provider.
    TaxIdType {
        Employer = "EI",
        SocialSecurity = "SY",
    }
    /// CAS01: who bears an adjustment.
    AdjustmentGroup {
        Contractual = "CO",
        Correction = "CR",
        Other = "OA",
        PayerInitiated = "PI",
        Patient = "PR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_on_the_wire_and_in_json() {
        for &frequency in Frequency::ALL {
            assert_eq!(Frequency::from_code(frequency.as_str()), Some(frequency));
            assert_eq!(serde_json::to_string(&frequency).unwrap(), format!("\"{}\"", frequency.as_str()));
        }
        assert_eq!(Sex::from_code("X"), None);
    }
}
