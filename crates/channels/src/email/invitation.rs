//! Calendar invitations that come by mail (RFC 6047), and the answer to one (RFC 5546).
//!
//! An invitation is shown as what it asks: what, when, where, by whom. Its answer is a message of its own with a calendar part that the
//! organiser's program understands; it changes nothing else of the event.

use std::panic::{AssertUnwindSafe, catch_unwind};

use baton_domain::{Address, Attendee, CalendarInvitation, EventTime, InvitationAnswer, InvitationMethod, Timestamp};
use calcard::common::PartialDateTime;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarMethod, ICalendarParameter,
    ICalendarParameterName, ICalendarParameterValue, ICalendarParticipationStatus, ICalendarProperty, ICalendarValue,
};
use calcard::{Entry, Parser};
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::MimePart;

/// How a file of a draft is marked that is such an answer, and leaves as one rather than as a file.
pub const REPLY_MEDIA_TYPE: &str = "text/calendar; method=REPLY";
/// Calendar objects beyond this are files, not invitations.
const MAX_BYTES: usize = 256 * 1024;
/// Components of one calendar object; an invitation has some ten.
const MAX_COMPONENTS: usize = 500;
/// Attendees that are kept.
const MAX_ATTENDEES: usize = 200;
/// Characters of a title or a place.
const MAX_CHARS: usize = 500;

/// The invitation in a calendar object; `None` where there is none, or none that can be read.
#[must_use]
pub fn read(calendar: &str) -> Option<CalendarInvitation> {
    let calendar = parsed(calendar)?;
    catch_unwind(AssertUnwindSafe(|| invitation(&calendar))).ok().flatten()
}

/// The calendar object that answers an invitation for one of those invited, as the organiser's program reads it.
///
/// `None` where the object is no invitation. `at` is when it is answered.
#[must_use]
pub fn reply(calendar: &str, who: &Address, answer: InvitationAnswer, at: Timestamp) -> Option<String> {
    let asked = parsed(calendar)?;
    catch_unwind(AssertUnwindSafe(|| answered(&asked, who, answer, at)))
        .ok()
        .flatten()
}

/// The answer as a part of a message (RFC 6047, 2.4): an alternative to its text, which the organiser's program acts on.
#[must_use]
pub fn reply_part(calendar: &str) -> MimePart<'static> {
    let kind = ContentType::new("text/calendar")
        .attribute("method", "REPLY")
        .attribute("charset", "utf-8");
    MimePart::new(kind, calendar.to_owned())
}

fn parsed(text: &str) -> Option<ICalendar> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let entry = catch_unwind(AssertUnwindSafe(|| Parser::new(text).entry())).ok()?;
    match entry {
        Entry::ICalendar(calendar) if calendar.components.len() <= MAX_COMPONENTS => Some(calendar),
        _ => None,
    }
}

fn event(calendar: &ICalendar) -> Option<&ICalendarComponent> {
    calendar
        .components
        .iter()
        .find(|component| component.component_type == ICalendarComponentType::VEvent)
}

fn invitation(calendar: &ICalendar) -> Option<CalendarInvitation> {
    let method = match calendar
        .components
        .first()?
        .property(&ICalendarProperty::Method)?
        .values
        .first()?
    {
        ICalendarValue::Method(ICalendarMethod::Request | ICalendarMethod::Add) => InvitationMethod::Request,
        ICalendarValue::Method(ICalendarMethod::Cancel) => InvitationMethod::Cancel,
        ICalendarValue::Method(ICalendarMethod::Reply) => InvitationMethod::Reply,
        ICalendarValue::Method(ICalendarMethod::Counter) => InvitationMethod::Counter,
        ICalendarValue::Method(ICalendarMethod::Publish) => InvitationMethod::Publish,
        _ => return None,
    };
    let event = event(calendar)?;
    let zones = calendar.build_tz_resolver();
    let text = |name: ICalendarProperty| {
        event
            .property(&name)
            .and_then(|entry| entry.values.first())
            .and_then(ICalendarValue::as_text)
            .map(line)
            .unwrap_or_default()
    };
    let time = |name: ICalendarProperty| event.property(&name).and_then(|entry| time(entry, &zones));
    let starts = time(ICalendarProperty::Dtstart);
    let ends = time(ICalendarProperty::Dtend).or_else(|| {
        let duration = event.property(&ICalendarProperty::Duration)?.values.first()?;
        match (&starts, duration) {
            (Some(EventTime::At { at }), ICalendarValue::Duration(length)) => Some(EventTime::At {
                at: at.plus_ms(length.as_seconds().saturating_mul(1000)),
            }),
            _ => None,
        }
    });
    Some(CalendarInvitation {
        method,
        uid: text(ICalendarProperty::Uid),
        sequence: event
            .property(&ICalendarProperty::Sequence)
            .and_then(|entry| entry.values.first()?.as_integer())
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(0),
        title: text(ICalendarProperty::Summary),
        place: text(ICalendarProperty::Location),
        organiser: event.property(&ICalendarProperty::Organizer).and_then(person),
        attendees: event
            .properties(&ICalendarProperty::Attendee)
            .take(MAX_ATTENDEES)
            .filter_map(|entry| {
                Some(Attendee {
                    address: person(entry)?,
                    answer: said(entry),
                })
            })
            .collect(),
        starts,
        ends,
        repeats: event.is_recurrent(),
    })
}

/// One line without control characters.
fn line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(MAX_CHARS)
        .collect()
}

fn person(entry: &ICalendarEntry) -> Option<Address> {
    let email = entry.calendar_address().map(line).filter(|email| email.contains('@'))?;
    let name = entry
        .parameter(&ICalendarParameterName::Cn)
        .and_then(ICalendarParameterValue::as_text)
        .map(line)
        .filter(|name| *name != email)
        .unwrap_or_default();
    Some(Address { name, email })
}

fn said(entry: &ICalendarEntry) -> InvitationAnswer {
    match entry.parameter(&ICalendarParameterName::Partstat) {
        Some(ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Accepted)) => InvitationAnswer::Accepted,
        Some(ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Tentative)) => InvitationAnswer::Tentative,
        Some(ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Declined)) => InvitationAnswer::Declined,
        Some(ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Delegated)) => InvitationAnswer::Delegated,
        _ => InvitationAnswer::NeedsAction,
    }
}

/// An instant where the zone is known, the day where there is no time, else the time as it stands on the wall.
fn time(entry: &ICalendarEntry, zones: &TzResolver<&str>) -> Option<EventTime> {
    let written = entry.values.first()?.as_partial_date_time()?;
    let (year, month, day) = (written.year?, written.month?, written.day?);
    let date = jiff::civil::Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()?;
    let Some(hour) = written.hour else {
        return Some(EventTime::Day { day: date.to_string() });
    };
    let zone = entry
        .parameter(&ICalendarParameterName::Tzid)
        .and_then(ICalendarParameterValue::as_text)
        .and_then(|name| zones.resolve(name));
    let instant = match (written.tz_hour, zone) {
        (Some(_), _) => written.to_date_time_with_tz(calcard::common::timezone::Tz::UTC),
        (None, Some(zone)) => written.to_date_time_with_tz(zone),
        (None, None) => None,
    };
    Some(match instant {
        Some(instant) => EventTime::At {
            at: Timestamp(instant.timestamp().saturating_mul(1000)),
        },
        None => EventTime::Local {
            time: format!("{date}T{hour:02}:{:02}", written.minute.unwrap_or(0)),
        },
    })
}

fn answered(asked: &ICalendar, who: &Address, answer: InvitationAnswer, at: Timestamp) -> Option<String> {
    let question = event(asked)?;
    let status = match answer {
        InvitationAnswer::Accepted => ICalendarParticipationStatus::Accepted,
        InvitationAnswer::Tentative => ICalendarParticipationStatus::Tentative,
        InvitationAnswer::Declined => ICalendarParticipationStatus::Declined,
        InvitationAnswer::NeedsAction | InvitationAnswer::Delegated => return None,
    };
    // Without these two nobody could tell which event is answered, and to whom.
    question.uid()?;
    question.property(&ICalendarProperty::Organizer).and_then(person)?;
    let mut object = ICalendarComponent::new(ICalendarComponentType::VCalendar);
    object.add_property(ICalendarProperty::Prodid, "-//Baton//Baton//EN");
    object.add_property(ICalendarProperty::Version, "2.0");
    object.add_property(ICalendarProperty::Method, ICalendarMethod::Reply);
    object.component_ids.push(1);
    let mut event = ICalendarComponent::new(ICalendarComponentType::VEvent);
    event.add_dtstamp(PartialDateTime::from_utc_timestamp(at.0.div_euclid(1000)));
    for name in [
        ICalendarProperty::Uid,
        ICalendarProperty::Sequence,
        ICalendarProperty::RecurrenceId,
        ICalendarProperty::Organizer,
        ICalendarProperty::Summary,
        ICalendarProperty::Location,
        ICalendarProperty::Dtstart,
        ICalendarProperty::Dtend,
        ICalendarProperty::Duration,
    ] {
        event.entries.extend(question.property(&name).cloned());
    }
    let mut params = vec![ICalendarParameter::partstat(status)];
    if !who.name.is_empty() {
        params.push(ICalendarParameter::cn(who.name.clone()));
    }
    event.add_property_with_params(ICalendarProperty::Attendee, params, format!("mailto:{}", who.email));
    let mut reply = ICalendar {
        components: vec![object, event],
    };
    reply.copy_timezones(asked);
    Some(reply.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const ASKED: &str = "BEGIN:VCALENDAR\r\nPRODID:-//Example//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:42@example.com\r\nSEQUENCE:3\r\nSUMMARY:Chairs\\, and\r\n  tables\r\nLOCATION:Room 7\r\nORGANIZER;CN=Carl Customer:MAILTO:carl@example.com\r\nATTENDEE;CN=Anna;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:anna@baton.test\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:dora@example.com\r\nDTSTAMP:20261121T100000Z\r\nDTSTART;TZID=W. Europe Standard Time:20261201T143000\r\nDTEND;TZID=W. Europe Standard Time:20261201T153000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    fn anna() -> Address {
        Address {
            name: "Anna Rep".to_owned(),
            email: "anna@baton.test".to_owned(),
        }
    }

    #[test]
    fn an_invitation_says_what_when_where_and_by_whom() {
        let read = read(ASKED).unwrap();
        assert_eq!(read.method, InvitationMethod::Request);
        assert_eq!(
            (
                read.title.as_str(),
                read.place.as_str(),
                read.uid.as_str(),
                read.sequence
            ),
            ("Chairs, and tables", "Room 7", "42@example.com", 3)
        );
        assert_eq!(read.organiser.unwrap().email, "carl@example.com");
        let begins: jiff::Timestamp = "2026-12-01T13:30:00Z".parse().unwrap();
        assert_eq!(
            read.starts,
            Some(EventTime::At {
                at: Timestamp(begins.as_millisecond())
            })
        );
        let answers: Vec<_> = read.attendees.iter().map(|attendee| attendee.answer).collect();
        assert_eq!(answers, [InvitationAnswer::NeedsAction, InvitationAnswer::Accepted]);
    }

    #[test]
    fn whole_days_and_times_without_a_zone_are_kept_as_written() {
        let day = ASKED.replace(
            "DTSTART;TZID=W. Europe Standard Time:20261201T143000",
            "DTSTART;VALUE=DATE:20261201",
        );
        assert_eq!(
            read(&day).unwrap().starts,
            Some(EventTime::Day {
                day: "2026-12-01".to_owned()
            })
        );
        let local = ASKED.replace("DTSTART;TZID=W. Europe Standard Time:", "DTSTART:");
        assert_eq!(
            read(&local).unwrap().starts,
            Some(EventTime::Local {
                time: "2026-12-01T14:30".to_owned()
            })
        );
    }

    #[test]
    fn an_answer_names_the_event_and_who_answers() {
        let at = Timestamp(1_795_255_200_000);
        let text = reply(ASKED, &anna(), InvitationAnswer::Accepted, at).unwrap();
        let answer = read(&text).unwrap();
        assert_eq!(answer.method, InvitationMethod::Reply);
        assert_eq!((answer.uid.as_str(), answer.sequence), ("42@example.com", 3));
        assert_eq!(answer.starts, read(ASKED).unwrap().starts);
        let [attendee] = answer.attendees.as_slice() else {
            unreachable!("one attendee: {text}")
        };
        assert_eq!(
            (&attendee.address, attendee.answer),
            (&anna(), InvitationAnswer::Accepted)
        );
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
        assert_eq!(reply(ASKED, &anna(), InvitationAnswer::NeedsAction, at), None);
    }

    #[test]
    fn an_answer_travels_as_a_part_that_says_what_it_is() {
        let text = reply(ASKED, &anna(), InvitationAnswer::Declined, Timestamp(0)).unwrap();
        let alternative = MimePart::new(
            ContentType::new("multipart/alternative").attribute("boundary", "b"),
            vec![MimePart::new("text/plain", "No, sorry."), reply_part(&text)],
        );
        let raw = mail_builder::MessageBuilder::new()
            .from("anna@baton.test")
            .to("carl@example.com")
            .subject("Declined: Chairs")
            .body(alternative)
            .write_to_vec()
            .unwrap();
        let mail = crate::email::parse(&raw).unwrap();
        assert_eq!(mail.text.trim(), "No, sorry.");
        let answer = mail.invitation.unwrap();
        assert_eq!(answer.method, InvitationMethod::Reply);
        assert_eq!(answer.attendees.first().unwrap().answer, InvitationAnswer::Declined);
        assert!(String::from_utf8_lossy(&raw).contains("method=\"REPLY\""));
    }

    #[test]
    fn what_is_no_invitation_is_none() {
        assert_eq!(read(""), None);
        assert_eq!(read(&ASKED.replace("METHOD:REQUEST\r\n", "")), None);
        assert_eq!(read("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"), None);
        assert_eq!(read(&"BEGIN:VEVENT\r\n".repeat(100_000)), None);
        let anonymous = ASKED.replace("ORGANIZER;CN=Carl Customer:MAILTO:carl@example.com\r\n", "");
        assert_eq!(
            reply(&anonymous, &anna(), InvitationAnswer::Declined, Timestamp(0)),
            None
        );
    }
}
