//! Who bills, who rendered the service, and who answers for it.

use therapy_claims::claims::v1 as pb;
use therapy_claims::tenancy::v1 as tenancy;

use super::super::{BillingProvider, RenderingProvider, SupervisingProvider};
use super::address;

pub(super) fn billing(provider: BillingProvider) -> pb::BillingProvider {
    let BillingProvider {
        practice_id: _,
        name,
        npi,
        tax_id,
        tax_id_type,
        taxonomy,
        address: billed_from,
        pay_to_address,
        contact_name,
        phone,
        part2_program: _,
    } = provider;
    let tax_id_type = match tax_id_type.as_str() {
        "EI" => tenancy::TaxIdType::Ein,
        "SY" => tenancy::TaxIdType::Ssn,
        _ => tenancy::TaxIdType::Unspecified,
    };
    pb::BillingProvider {
        name,
        npi,
        tax_id,
        tax_id_type: tax_id_type.into(),
        taxonomy,
        address: Some(address(billed_from)),
        pay_to_address: pay_to_address.map(address),
        contact_name,
        phone,
    }
}

pub(super) fn rendering(provider: RenderingProvider) -> pb::Provider {
    let RenderingProvider {
        therapist_id,
        first_name,
        last_name,
        npi,
        taxonomy,
        license_number: _,
        license_level: _,
        license_state: _,
        is_active: _,
        employed_from: _,
        employed_to: _,
    } = provider;
    pb::Provider { therapist_id: therapist_id.to_string(), first_name, last_name, npi, taxonomy }
}

pub(super) fn supervising(provider: SupervisingProvider) -> pb::Provider {
    let SupervisingProvider { therapist_id, first_name, last_name, npi, taxonomy } = provider;
    pb::Provider { therapist_id: therapist_id.to_string(), first_name, last_name, npi, taxonomy }
}
