use kernel::id::TherapistId;

use crate::codes::Kind;
use crate::rules::bench::{Bench, day, examples};
use crate::snapshot::{Address, SupervisingProvider};

fn supervised(bench: &mut Bench, npi: &str) {
    bench.snapshot.supervising_provider = Some(SupervisingProvider {
        therapist_id: TherapistId::new(),
        first_name: "Sam".into(),
        last_name: "Vale".into(),
        npi: npi.into(),
        taxonomy: "1041C0700X".into(),
    });
}

fn pay_to(bench: &mut Bench) -> &mut Address {
    let street = bench.snapshot.billing_provider.address.clone();
    bench.snapshot.billing_provider.pay_to_address.insert(street)
}

fn deactivated(bench: &mut Bench, row: &str) {
    let table = format!("npi,deactivated_on,reactivated_on\n{row}");
    bench.loaded = vec![(Kind::NpiDeactivations, table.leak())];
}

examples! {
    npi_format {
        fires {
            "nine digits" at "rendering_provider.npi" => |b| b.snapshot.rendering_provider.npi = "123456789".into();
            "eleven digits" at "billing_provider.npi" => |b| b.snapshot.billing_provider.npi = "12345678933".into();
            "begins with 3" at "billing_provider.npi" => |b| b.snapshot.billing_provider.npi = "3234567890".into();
            "a space" at "supervising_provider.npi" => |b| supervised(b, " 1234567893");
        }
        spares {
            "begins with 2" => |b| b.snapshot.billing_provider.npi = "2345678900".into();
            "ten digits, whatever the check digit" => |b| b.snapshot.billing_provider.npi = "1234567890".into();
            "missing is another rule's" => |b| b.snapshot.rendering_provider.npi.clear();
        }
    }
    npi_checksum {
        fires {
            "one too low" at "rendering_provider.npi" => |b| b.snapshot.rendering_provider.npi = "1234567892".into();
            "one too high" at "billing_provider.npi" => |b| b.snapshot.billing_provider.npi = "1234567894".into();
            "supervisor's" at "supervising_provider.npi" => |b| supervised(b, "1234567890");
        }
        spares {
            "the right one" => |b| b.snapshot.billing_provider.npi = "1558598797".into();
            "malformed is another rule's" => |b| b.snapshot.billing_provider.npi = "123".into();
        }
    }
    npi_missing_billing {
        fires { "none" at "billing_provider.npi" => |b| b.snapshot.billing_provider.npi.clear(); }
        spares { "a wrong one" => |b| b.snapshot.billing_provider.npi = "1".into(); }
    }
    npi_rendering_missing {
        fires { "none" at "rendering_provider.npi" => |b| b.snapshot.rendering_provider.npi.clear(); }
        spares { "a wrong one" => |b| b.snapshot.rendering_provider.npi = "1".into(); }
    }
    supervisor_same_as_rendering {
        fires { "the same" at "supervising_provider.npi" => |b| supervised(b, "1234567893"); }
        spares {
            "another" => |b| supervised(b, "1558598797");
            "neither has one" => |b| { supervised(b, ""); b.snapshot.rendering_provider.npi.clear(); };
        }
    }
    supervisor_required {
        fires {
            "nobody named" at "supervising_provider.npi" as Warning => |b| {
                b.snapshot.rendering_provider.license_level = "supervised".into();
            };
            "nobody named and the payer insists" at "supervising_provider.npi" as Error => |b| {
                b.snapshot.rendering_provider.license_level = "supervised".into();
                b.terms.wants_supervisor = true;
            };
        }
        spares {
            "named" => |b| {
                b.snapshot.rendering_provider.license_level = "supervised".into();
                supervised(b, "1558598797");
            };
            "independent" => |b| b.terms.wants_supervisor = true;
        }
    }
    taxonomy_format {
        fires {
            "nine characters" at "billing_provider.taxonomy" => |b| b.snapshot.billing_provider.taxonomy = "26QM0801X".into();
            "no X" at "rendering_provider.taxonomy" => |b| b.snapshot.rendering_provider.taxonomy = "1041C07000".into();
            "lower case" at "rendering_provider.taxonomy" => |b| b.snapshot.rendering_provider.taxonomy = "1041c0700X".into();
        }
        spares {
            "well formed, if unknown" => |b| b.snapshot.billing_provider.taxonomy = "999999999X".into();
            "none" => |b| b.snapshot.billing_provider.taxonomy.clear();
        }
    }
    npi_entity_type {
        fires {
            "a therapist with a group's" at "rendering_provider.npi" => |b| b.loaded = vec![(Kind::NpiTypes, "npi,entity_type\n1234567893,2")];
            "a group with a person's" at "billing_provider.npi" => |b| b.loaded = vec![(Kind::NpiTypes, "npi,entity_type\n1999999992,1")];
        }
        spares {
            "nobody loaded the registry" => |_| ();
            "each with its own" => |b| b.loaded = vec![(Kind::NpiTypes, "npi,entity_type\n1234567893,1\n1999999992,2")];
            "strangers to the registry" => |b| b.loaded = vec![(Kind::NpiTypes, "npi,entity_type\n1558598797,2")];
            "a therapist who is the practice" => |b| {
                b.snapshot.billing_provider.npi = "1234567893".into();
                b.loaded = vec![(Kind::NpiTypes, "npi,entity_type\n1234567893,1")];
            };
        }
    }
    npi_deactivated {
        fires {
            "since the day itself" at "rendering_provider.npi" => |b| deactivated(b, "1234567893,2026-03-16,");
            "back the day after" at "billing_provider.npi" => |b| deactivated(b, "1999999992,2020-01-01,2026-03-17");
            "the supervisor's" at "supervising_provider.npi" => |b| {
                supervised(b, "1558598797");
                deactivated(b, "1558598797,2020-01-01,");
            };
        }
        spares {
            "nobody loaded the list" => |_| ();
            "from the day after" => |b| deactivated(b, "1234567893,2026-03-17,");
            "back on the day" => |b| deactivated(b, "1234567893,2020-01-01,2026-03-16");
            "somebody else's" => |b| deactivated(b, "1558598797,2020-01-01,");
        }
    }
    taxonomy_unknown {
        fires {
            "not in the whole list" at "rendering_provider.taxonomy" as Error => |b| {
                b.loaded = vec![(Kind::Taxonomies, "code\n261QM0801X")];
            };
            "not listed" at "rendering_provider.taxonomy" as Warning => |b| {
                b.snapshot.rendering_provider.taxonomy = "999999999X".into();
            };
        }
        spares {
            "listed" => |b| b.snapshot.rendering_provider.taxonomy = "103TC0700X".into();
            "malformed is another rule's" => |b| b.snapshot.rendering_provider.taxonomy = "999".into();
        }
    }
    taxonomy_required {
        fires {
            "none" at "rendering_provider.taxonomy" as Warning => |b| b.snapshot.rendering_provider.taxonomy.clear();
            "none and the payer insists" at "rendering_provider.taxonomy" as Error => |b| {
                b.snapshot.rendering_provider.taxonomy.clear();
                b.terms.wants_taxonomy = true;
            };
        }
        spares { "the practice's is not asked for" => |b| b.snapshot.billing_provider.taxonomy.clear(); }
    }
    ein_format {
        fires {
            "eight digits" at "billing_provider.tax_id" => |b| b.snapshot.billing_provider.tax_id = "12345678".into();
            "ten digits" at "billing_provider.tax_id" => |b| b.snapshot.billing_provider.tax_id = "1234567890".into();
            "a letter" at "billing_provider.tax_id" => |b| b.snapshot.billing_provider.tax_id = "12345678A".into();
            "two hyphens" at "billing_provider.tax_id" => |b| b.snapshot.billing_provider.tax_id = "12-34-56789".into();
            "all the same" at "billing_provider.tax_id" => |b| b.snapshot.billing_provider.tax_id = "111111111".into();
            "none" at "billing_provider.tax_id" => |b| b.snapshot.billing_provider.tax_id.clear();
        }
        spares {
            "one hyphen" => |b| b.snapshot.billing_provider.tax_id = "12-3456789".into();
            "no hyphen" => |b| b.snapshot.billing_provider.tax_id = "123456789".into();
            "all but one the same" => |b| b.snapshot.billing_provider.tax_id = "111111112".into();
            "a social security number is another rule's" => |b| {
                b.snapshot.billing_provider.tax_id_type = "SY".into();
                b.snapshot.billing_provider.tax_id = "1".into();
            };
        }
    }
    ein_prefix {
        fires {
            "07" at "billing_provider.tax_id" => |b| b.snapshot.billing_provider.tax_id = "07-3456789".into();
            "97" at "billing_provider.tax_id" => |b| b.snapshot.billing_provider.tax_id = "973456789".into();
        }
        spares {
            "06" => |b| b.snapshot.billing_provider.tax_id = "063456789".into();
            "98" => |b| b.snapshot.billing_provider.tax_id = "983456789".into();
            "malformed is another rule's" => |b| b.snapshot.billing_provider.tax_id = "07345".into();
        }
    }
    ssn_as_taxid {
        fires {
            "area 000" at "billing_provider.tax_id" => |b| {
                b.snapshot.billing_provider.tax_id_type = "SY".into();
                b.snapshot.billing_provider.tax_id = "000-12-3456".into();
            };
            "area 666" at "billing_provider.tax_id" => |b| {
                b.snapshot.billing_provider.tax_id_type = "SY".into();
                b.snapshot.billing_provider.tax_id = "666123456".into();
            };
            "area 900" at "billing_provider.tax_id" => |b| {
                b.snapshot.billing_provider.tax_id_type = "SY".into();
                b.snapshot.billing_provider.tax_id = "900123456".into();
            };
            "eight digits" at "billing_provider.tax_id" => |b| {
                b.snapshot.billing_provider.tax_id_type = "SY".into();
                b.snapshot.billing_provider.tax_id = "12345678".into();
            };
        }
        spares {
            "area 899" => |b| {
                b.snapshot.billing_provider.tax_id_type = "SY".into();
                b.snapshot.billing_provider.tax_id = "899-12-3456".into();
            };
            "area 665" => |b| {
                b.snapshot.billing_provider.tax_id_type = "SY".into();
                b.snapshot.billing_provider.tax_id = "665123456".into();
            };
            "an employer's number" => |b| b.snapshot.billing_provider.tax_id = "900123456".into();
        }
    }
    billing_addr_po_box {
        fires {
            "PO Box" at "billing_provider.address.line1" => |b| b.snapshot.billing_provider.address.line1 = "PO Box 12".into();
            "P.O. Box" at "billing_provider.address.line1" => |b| b.snapshot.billing_provider.address.line1 = "p.o. box 12".into();
            "P O Box" at "billing_provider.address.line1" => |b| b.snapshot.billing_provider.address.line1 = "P O BOX 12".into();
            "P.O. and a number" at "billing_provider.address.line1" => |b| b.snapshot.billing_provider.address.line1 = "P.O. 12".into();
            "Post Office Box" at "billing_provider.address.line1" => |b| {
                b.snapshot.billing_provider.address.line1 = "Post Office Box 12".into();
            };
            "lockbox" at "billing_provider.address.line2" => |b| b.snapshot.billing_provider.address.line2 = "Lockbox 12".into();
            "PMB" at "billing_provider.address.line2" => |b| b.snapshot.billing_provider.address.line2 = "PMB 12".into();
        }
        spares {
            "a street named Boxwood" => |b| b.snapshot.billing_provider.address.line1 = "12 Boxwood Rd".into();
            "a square named Post Office" => |b| b.snapshot.billing_provider.address.line1 = "12 Post Office Square".into();
            "a river named Po" => |b| b.snapshot.billing_provider.address.line1 = "12 Po River Rd".into();
            "where payments go" => |b| pay_to(b).line1 = "PO Box 12".into();
        }
    }
    billing_addr_missing {
        fires {
            "no street" at "billing_provider.address.line1" => |b| b.snapshot.billing_provider.address.line1 = " ".into();
            "no city" at "billing_provider.address.city" => |b| b.snapshot.billing_provider.address.city.clear();
            "no state" at "billing_provider.address.state" => |b| b.snapshot.billing_provider.address.state.clear();
            "no ZIP" at "billing_provider.address.zip_code" => |b| b.snapshot.billing_provider.address.zip_code.clear();
        }
        spares { "no second line" => |b| b.snapshot.billing_provider.address.line2.clear(); }
    }
    billing_zip9 {
        fires {
            "eight, though the payer needs no nine" at "billing_provider.address.zip_code" => |b| {
                b.terms.needs_zip4 = false;
                b.snapshot.billing_provider.address.zip_code = "02118000".into();
            };
            "five digits" at "billing_provider.address.zip_code" => |b| {
                b.snapshot.billing_provider.address.zip_code = "02118".into();
            };
        }
        spares {
            "five, and the payer needs no more" => |b| {
                b.terms.needs_zip4 = false;
                b.snapshot.billing_provider.address.zip_code = "02118".into();
            };
            "nine with a hyphen" => |b| b.snapshot.billing_provider.address.zip_code = "02118-0001".into();
            "missing is another rule's" => |b| b.snapshot.billing_provider.address.zip_code.clear();
            "the patient's five" => |b| b.snapshot.patient.address.zip_code = "02118".into();
        }
    }
    state_zip_format {
        fires {
            "no such state" at "patient.address.state" => |b| b.snapshot.patient.address.state = "XX".into();
            "a province" at "billing_provider.address.state" => |b| b.snapshot.billing_provider.address.state = "ON".into();
            "four digits" at "patient.address.zip_code" => |b| b.snapshot.patient.address.zip_code = "2118".into();
            "eight digits" at "billing_provider.pay_to_address.zip_code" => |b| pay_to(b).zip_code = "02118000".into();
            "the subscriber's" at "subscriber.address.state" => |b| {
                b.snapshot.subscriber = Some(b.snapshot.patient.clone());
                b.snapshot.subscriber.as_mut().unwrap().address.state = "Ma".into();
            };
        }
        spares {
            "a territory" => |b| b.snapshot.patient.address.state = "PR".into();
            "nine digits" => |b| b.snapshot.patient.address.zip_code = "021180001".into();
            "nothing is other rules'" => |b| b.snapshot.patient.address = Address::default();
        }
    }
    phone_nanp {
        fires {
            "nine digits" at "billing_provider.phone" => |b| b.snapshot.billing_provider.phone = "617555010".into();
            "eleven digits without country code" at "billing_provider.phone" => |b| b.snapshot.billing_provider.phone = "61755501000".into();
            "area begins with 1" at "billing_provider.phone" => |b| b.snapshot.billing_provider.phone = "1175550100".into();
            "exchange begins with 0" at "billing_provider.phone" => |b| b.snapshot.billing_provider.phone = "6170550100".into();
            "letters" at "billing_provider.phone" => |b| b.snapshot.billing_provider.phone = "617555CALL".into();
        }
        spares {
            "area and exchange begin with 2" => |b| b.snapshot.billing_provider.phone = "2122000000".into();
            "punctuation and country code" => |b| b.snapshot.billing_provider.phone = "+1 (617) 555-0100".into();
            "none" => |b| b.snapshot.billing_provider.phone.clear();
        }
    }
    network_status {
        fires {
            "out of network" at "rendering_provider" as Warning => |b| b.snapshot.network_status = "out_of_network".into();
            "no status" at "rendering_provider" as Warning => |b| b.snapshot.network_status.clear();
            "and the payer insists" at "rendering_provider" as Error => |b| {
                b.snapshot.network_status.clear();
                b.terms.in_network_only = true;
            };
        }
        spares {
            "pending" => |b| b.snapshot.network_status = "pending".into();
            "no coverage is another rule's" => |b| { b.snapshot.coverage = None; b.snapshot.network_status.clear(); };
        }
    }
    therapist_inactive {
        fires {
            "left the day before" at "rendering_provider" => |b| b.snapshot.rendering_provider.employed_to = Some(day("2026-03-15"));
            "came the day after" at "rendering_provider" => |b| b.snapshot.rendering_provider.employed_from = Some(day("2026-03-17"));
            "inactive since nobody knows when" at "rendering_provider" => |b| b.snapshot.rendering_provider.is_active = false;
        }
        spares {
            "first day" => |b| b.snapshot.rendering_provider.employed_from = Some(day("2026-03-16"));
            "last day, inactive since" => |b| {
                b.snapshot.rendering_provider.employed_to = Some(day("2026-03-16"));
                b.snapshot.rendering_provider.is_active = false;
            };
            "no dates" => |b| b.snapshot.rendering_provider.employed_from = None;
        }
    }
}
