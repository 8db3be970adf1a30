//! Companies at the desks: whoever has a conversation open sees whose customer it is, with or without a network.

use baton_domain::{Companies, Company, Document, DocumentBody};

use super::office::member;
use super::{ANNA, BEN, Office};

/// Where Carl writes from.
const CARLS: &str = "customer.example";

fn kept(office: &mut Office, domain: &str) {
    let body = DocumentBody::Companies(Companies {
        companies: vec![Company {
            name: "Acme".to_owned(),
            domains: vec![domain.to_owned()],
            owner: Some(member(BEN)),
            tier: Some("Gold".to_owned()),
            account_type: None,
            region: None,
        }],
    });
    office.documents.push(Document {
        id: body.id(),
        version: 4,
        body,
    });
    office.restore(0);
    for desk in [ANNA, BEN] {
        office.cut(desk);
        office.connect(desk);
    }
    office.settle();
}

#[test]
fn an_open_conversation_shows_its_company_also_offline() {
    let mut office = Office::open();
    kept(&mut office, CARLS);
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.settle();
    office.cut(ANNA);
    let opened = office.desks[ANNA].engine.opened(enquiry, Vec::new()).unwrap();
    let company = opened.account.expect("a company");
    assert_eq!((company.name.as_str(), company.owner), ("Acme", Some(member(BEN))));
    let known = office.desks[ANNA].engine.companies();
    assert_eq!((known.version, known.companies.companies.len()), (4, 1));
}

#[test]
fn a_customer_of_another_domain_has_no_company() {
    let mut office = Office::open();
    kept(&mut office, "other.test");
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.settle();
    let opened = office.desks[ANNA].engine.opened(enquiry, Vec::new()).unwrap();
    assert_eq!(opened.account, None);
}
