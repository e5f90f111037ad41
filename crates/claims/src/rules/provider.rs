//! Rules 1 to 21: who bills and who treated.

use kernel::npi::{self, Npi};

use super::address::{is_box, is_phone, states_and_zips};
use super::tax_id::{NOT_ISSUED, ein, is_assignable, tax_id};
use super::text::{missing_parts, zip_digits};
use super::{Case, Report, Rule, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        number: 1,
        code: "NPI_FORMAT",
        severity: Severity::Error,
        message: "NPI must be 10 digits starting with 1 or 2",
        basis: "NPI standard; Stedi",
        check: |case, report| npis(case, Npi::BadForm, report),
    },
    Rule {
        number: 2,
        code: "NPI_CHECKSUM",
        severity: Severity::Error,
        message: "NPI check digit is wrong",
        basis: "ISO 7812 with prefix 80840",
        check: |case, report| npis(case, Npi::BadCheckDigit, report),
    },
    Rule {
        number: 3,
        code: "NPI_MISSING_BILLING",
        severity: Severity::Error,
        message: "Practice NPI is required",
        basis: "Stedi",
        check: |case, report| {
            if case.snapshot.billing_provider.npi.is_empty() {
                report.at("billing_provider.npi");
            }
        },
    },
    Rule {
        number: 4,
        code: "NPI_RENDERING_MISSING",
        severity: Severity::Error,
        message: "Therapist NPI is required",
        basis: "OpenEMR",
        check: |case, report| {
            if case.snapshot.rendering_provider.npi.is_empty() {
                report.at("rendering_provider.npi");
            }
        },
    },
    Rule {
        number: 5,
        code: "NPI_ENTITY_TYPE",
        severity: Severity::Warning,
        message: "NPI is registered for the other kind: a person's for the therapist, a group's for the practice",
        basis: "NPI registry, where it is loaded",
        check: entity_types,
    },
    Rule {
        number: 6,
        code: "NPI_DEACTIVATED",
        severity: Severity::Warning,
        message: "NPI is deactivated on the service date",
        basis: "Stedi; list of deactivated NPIs, where it is loaded",
        check: |case, report| {
            for (npi, field) in each_npi(case) {
                if case.codes.is_deactivated(npi, case.service_date()) {
                    report.at(field);
                }
            }
        },
    },
    Rule {
        number: 7,
        code: "SUPERVISOR_SAME_AS_RENDERING",
        severity: Severity::Error,
        message: "Supervising and rendering provider are the same; remove the supervisor",
        basis: "Stedi",
        check: |case, report| {
            let rendering = &case.snapshot.rendering_provider.npi;
            let supervisor = case.snapshot.supervising_provider.as_ref();
            if supervisor.is_some_and(|supervisor| !rendering.is_empty() && supervisor.npi == *rendering) {
                report.at("supervising_provider.npi");
            }
        },
    },
    Rule {
        number: 8,
        code: "SUPERVISOR_REQUIRED",
        severity: Severity::Warning,
        message: "Therapist works under supervision: name the supervising provider",
        basis: "payer's terms",
        check: supervisor,
    },
    Rule {
        number: 9,
        code: "TAXONOMY_FORMAT",
        severity: Severity::Error,
        message: "Taxonomy must be 10 characters ending in X",
        basis: "NUCC; Stedi",
        check: |case, report| taxonomies(case, report, |taxonomy| !is_taxonomy(taxonomy)),
    },
    Rule {
        number: 10,
        code: "TAXONOMY_UNKNOWN",
        severity: Severity::Warning,
        message: "Taxonomy is not in the loaded list",
        basis: "NUCC; Stedi",
        check: |case, report| {
            taxonomies(case, report, |taxonomy| {
                is_taxonomy(taxonomy) && !case.codes.is_taxonomy(taxonomy, case.service_date())
            });
        },
    },
    Rule {
        number: 11,
        code: "TAXONOMY_REQUIRED",
        severity: Severity::Warning,
        message: "Therapist taxonomy is required",
        basis: "Medplum; OpenEMR",
        check: |case, report| {
            if case.snapshot.rendering_provider.taxonomy.is_empty() {
                let severity = if case.facts.terms.wants_taxonomy { Severity::Error } else { Severity::Warning };
                report.with(severity, "rendering_provider.taxonomy");
            }
        },
    },
    Rule {
        number: 12,
        code: "EIN_FORMAT",
        severity: Severity::Error,
        message: "Tax id must be 9 digits",
        basis: "Stedi; Ottehr",
        check: |case, report| {
            if tax_id(case, "SY").is_none() && ein(case).is_none() {
                report.at("billing_provider.tax_id");
            }
        },
    },
    Rule {
        number: 13,
        code: "EIN_PREFIX",
        severity: Severity::Warning,
        message: "Tax id prefix is not an issued one",
        basis: "IRS prefixes, unchecked",
        check: |case, report| {
            if tax_id(case, "SY").is_none() && ein(case).is_some_and(|[a, b, ..]| NOT_ISSUED.contains(&[a, b])) {
                report.at("billing_provider.tax_id");
            }
        },
    },
    Rule {
        number: 14,
        code: "SSN_AS_TAXID",
        severity: Severity::Error,
        message: "Social security number used as tax id is not assignable",
        basis: "Stedi",
        check: |case, report| {
            if tax_id(case, "SY").is_some_and(|ssn| !is_assignable(ssn)) {
                report.at("billing_provider.tax_id");
            }
        },
    },
    Rule {
        number: 15,
        code: "BILLING_ADDR_PO_BOX",
        severity: Severity::Error,
        message: "Billing address must be a street address; use the pay-to address for boxes",
        basis: "Stedi",
        check: |case, report| {
            let address = &case.snapshot.billing_provider.address;
            if is_box(&address.line1) {
                report.at("billing_provider.address.line1");
            }
            if is_box(&address.line2) {
                report.at("billing_provider.address.line2");
            }
        },
    },
    Rule {
        number: 16,
        code: "BILLING_ADDR_MISSING",
        severity: Severity::Error,
        message: "Billing street, city, state and ZIP are required",
        basis: "Stedi; OpenEMR",
        check: |case, report| {
            for part in missing_parts(&case.snapshot.billing_provider.address) {
                report.at(format!("billing_provider.address.{part}"));
            }
        },
    },
    Rule {
        number: 17,
        code: "BILLING_ZIP9",
        severity: Severity::Error,
        message: "Billing ZIP must have 9 digits",
        basis: "OpenEMR; Medplum; payer's terms",
        check: |case, report| {
            let zip = &case.snapshot.billing_provider.address.zip_code;
            let is_short =
                if case.facts.terms.needs_zip4 { zip_digits(zip) != Some(9) } else { zip_digits(zip).is_none() };
            if !zip.is_empty() && is_short {
                report.at("billing_provider.address.zip_code");
            }
        },
    },
    Rule {
        number: 18,
        code: "STATE_ZIP_FORMAT",
        severity: Severity::Error,
        message: "State or ZIP is not valid",
        basis: "Stedi",
        check: states_and_zips,
    },
    Rule {
        number: 19,
        code: "PHONE_NANP",
        severity: Severity::Error,
        message: "Phone must be 10 digits; area and exchange start with 2 to 9",
        basis: "Stedi; Medplum",
        check: |case, report| {
            let phone = &case.snapshot.billing_provider.phone;
            if !phone.is_empty() && !is_phone(phone) {
                report.at("billing_provider.phone");
            }
        },
    },
    Rule {
        number: 20,
        code: "NETWORK_STATUS",
        severity: Severity::Warning,
        message: "Therapist is not in network with this payer on the service date",
        basis: "specification; Candid",
        check: |case, report| {
            let snapshot = case.snapshot;
            let is_in = matches!(snapshot.network_status.as_str(), "in_network" | "pending");
            if snapshot.coverage.is_some() && !is_in {
                let severity = if case.facts.terms.in_network_only { Severity::Error } else { Severity::Warning };
                report.with(severity, "rendering_provider");
            }
        },
    },
    Rule {
        number: 21,
        code: "THERAPIST_INACTIVE",
        severity: Severity::Error,
        message: "Therapist was not active on the service date",
        basis: "design",
        check: |case, report| {
            let therapist = &case.snapshot.rendering_provider;
            let on = case.service_date();
            let has_left = therapist.employed_to.map_or(!therapist.is_active, |last| last < on);
            if has_left || therapist.employed_from.is_some_and(|first| on < first) {
                report.at("rendering_provider");
            }
        },
    },
];

fn npis(case: &Case<'_>, wrong: Npi, report: &mut Report<'_>) {
    for (npi, field) in each_npi(case) {
        if !npi.is_empty() && npi::judge(npi) == wrong {
            report.at(field);
        }
    }
}

fn each_npi<'a>(case: &Case<'a>) -> [(&'a str, &'static str); 3] {
    let snapshot = case.snapshot;
    let supervising = snapshot.supervising_provider.as_ref().map_or("", |supervisor| supervisor.npi.as_str());
    [
        (snapshot.billing_provider.npi.as_str(), "billing_provider.npi"),
        (snapshot.rendering_provider.npi.as_str(), "rendering_provider.npi"),
        (supervising, "supervising_provider.npi"),
    ]
}

/// A therapist is a person. A practice may be one too, unless somebody else of it treats.
fn entity_types(case: &Case<'_>, report: &mut Report<'_>) {
    let [billing, rendering, supervising] = each_npi(case);
    let entity = |npi: &str| case.codes.npi_type(npi, case.service_date());
    if billing.0 != rendering.0 && entity(billing.0) == Some(1) {
        report.at(billing.1);
    }
    for (npi, field) in [rendering, supervising] {
        if entity(npi) == Some(2) {
            report.at(field);
        }
    }
}

fn supervisor(case: &Case<'_>, report: &mut Report<'_>) {
    let snapshot = case.snapshot;
    let named = snapshot.supervising_provider.as_ref().is_some_and(|supervisor| !supervisor.npi.is_empty());
    if snapshot.rendering_provider.license_level == "supervised" && !named {
        let severity = if case.facts.terms.wants_supervisor { Severity::Error } else { Severity::Warning };
        report.with(severity, "supervising_provider.npi");
    }
}

fn is_taxonomy(text: &str) -> bool {
    text.len() == 10
        && text.ends_with('X')
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// An absent taxonomy is not wrong here; the therapist's has a rule of its own.
fn taxonomies(case: &Case<'_>, report: &mut Report<'_>, is_wrong: impl Fn(&str) -> bool) {
    let is_unlisted_wrong =
        report.rule.code == "TAXONOMY_UNKNOWN" && case.codes.has_all_taxonomies(case.service_date());
    let severity = if is_unlisted_wrong { Severity::Error } else { report.rule.severity };
    for (taxonomy, field) in [
        (&case.snapshot.billing_provider.taxonomy, "billing_provider.taxonomy"),
        (&case.snapshot.rendering_provider.taxonomy, "rendering_provider.taxonomy"),
    ] {
        if !taxonomy.is_empty() && is_wrong(taxonomy) {
            report.with(severity, field);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
