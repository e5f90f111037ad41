//! The segments of those who take part: BHT and 1000A to 2010CA.

use chrono::NaiveDate;

use crate::claim::{Address, BatchHeader, BillingProvider, Name, Patient, Payer, Sex, Subscriber};
use crate::interchange::InterchangeWriter;

/// BHT and loops 1000A and 1000B; the reference is that of the one transaction set.
pub(super) fn header(file: &mut InterchangeWriter, header: &BatchHeader, reference: &str) {
    let mut bht = file.segment("BHT");
    bht.text("0019").text(header.purpose.as_str()).text(reference);
    bht.date(header.created_at.date()).time(header.created_at.time()).text("CH");
    drop(bht);
    let submitter = &header.submitter;
    file.segment("NM1").text("41").text("2").text(&submitter.name).empty(4).text("46").text(&submitter.id);
    let contact = if submitter.contact_name.is_empty() { &submitter.name } else { &submitter.contact_name };
    file.segment("PER").text("IC").text(contact).text("TE").text(&submitter.phone);
    let receiver = &header.receiver;
    file.segment("NM1").text("40").text("2").text(&receiver.name).empty(4).text("46").text(&receiver.id);
}

/// PRV and loops 2010AA and 2010AB.
pub(super) fn billing_provider(file: &mut InterchangeWriter, provider: &BillingProvider) {
    if !provider.taxonomy.is_empty() {
        file.segment("PRV").text("BI").text("PXC").text(&provider.taxonomy);
    }
    let kind = if provider.first_name.is_empty() { "2" } else { "1" };
    file.segment("NM1")
        .text("85")
        .text(kind)
        .text(&provider.name)
        .text(&provider.first_name)
        .empty(3)
        .text("XX")
        .text(&provider.npi);
    address(file, &provider.address);
    file.segment("REF").text(provider.tax_id_type.as_str()).text(&provider.tax_id);
    if !provider.phone.is_empty() {
        file.segment("PER").text("IC").text(&provider.contact_name).text("TE").text(&provider.phone);
    }
    if let Some(pay_to) = &provider.pay_to {
        file.segment("NM1").text("87").text(kind);
        address(file, pay_to);
    }
}

/// SBR and loop 2010BA.
pub(super) fn subscriber(file: &mut InterchangeWriter, subscriber: &Subscriber, is_patient: bool) {
    file.segment("SBR")
        .text(subscriber.sequence.as_str())
        .text(if is_patient { "18" } else { "" })
        .text(&subscriber.group_number)
        .text(&subscriber.group_name)
        .text(&subscriber.insurance_type)
        .empty(3)
        .text(&subscriber.filing_indicator);
    member(file, &subscriber.name, &subscriber.member_id);
    if let Some(place) = &subscriber.address {
        address(file, place);
    }
    if let (Some(birth_date), Some(sex)) = (subscriber.birth_date, subscriber.sex) {
        demographics(file, birth_date, sex);
    }
}

/// Loop 2010BB.
pub(super) fn payer(file: &mut InterchangeWriter, payer: &Payer) {
    file.segment("NM1").text("PR").text("2").text(&payer.name).empty(4).text("PI").text(&payer.id);
    if let Some(place) = &payer.address {
        address(file, place);
    }
}

/// PAT and loop 2010CA.
pub(super) fn patient(file: &mut InterchangeWriter, patient: &Patient) {
    file.segment("PAT").text(&patient.relationship);
    let name = &patient.name;
    file.segment("NM1")
        .text("QC")
        .text("1")
        .text(&name.last)
        .text(&name.first)
        .text(&name.middle)
        .text("")
        .text(&name.suffix);
    address(file, &patient.address);
    demographics(file, patient.birth_date, patient.sex);
}

/// NM1*IL of loops 2010BA and 2330A.
pub(super) fn member(file: &mut InterchangeWriter, name: &Name, member_id: &str) {
    file.segment("NM1")
        .text("IL")
        .text("1")
        .text(&name.last)
        .text(&name.first)
        .text(&name.middle)
        .text("")
        .text(&name.suffix)
        .text("MI")
        .text(member_id);
}

/// N3 and N4.
pub(super) fn address(file: &mut InterchangeWriter, address: &Address) {
    file.segment("N3").text(&address.line1).text(&address.line2);
    file.segment("N4").text(&address.city).text(&address.state).text(&address.zip_code);
}

fn demographics(file: &mut InterchangeWriter, birth_date: NaiveDate, sex: Sex) {
    file.segment("DMG").text("D8").date(birth_date).text(sex.as_str());
}
