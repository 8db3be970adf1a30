/** About forty conversations of a small maker of quiet rooms, to look at and to test with. All names are invented. */
import { anna, ben, business, DAY, HOUR, MINUTE, mira, NOW, tomas } from './cast';
import { story, type Scene } from './build';

const euro = (amount: number) => ({ cents: amount * 100, currency: 'EUR' });

const html = (body: string): string =>
  `<!doctype html><html><head><meta charset="utf-8"><style>body{margin:0;padding:18px 20px;font:14px/1.5 -apple-system,'Segoe UI',Inter,sans-serif;color:#222}a{color:#0b57d0}table{border-collapse:collapse}td,th{padding:6px 14px 6px 0;border-bottom:1px solid #e5e5e5;text-align:left}</style></head><body>${body}</body></html>`;

export function scenes(): Scene[] {
  const list = [
    story(
      1042,
      'Carl Brandt',
      'carl@acme-logistics.example',
      'Acme Logistics',
      'Quote for 40 phone booths and delivery to Kiel',
      22 * HOUR,
    )
      .set({
        category: 'quoteRequest',
        priority: 'high',
        value: euro(18_000),
        tags: ['north', 'fleet'],
        inbox: business.id,
      })
      .in(
        'Hello,\n\nwe run four floors in Kiel and want to replace the meeting corners by quiet rooms from spring. Could you quote forty booths including delivery and a service plan?\n\nThe budget is approved, decision by 10 December. Our facility plan is attached.',
        22 * HOUR,
        {
          cc: [{ name: 'Dora Klein', email: 'dora@acme-logistics.example' }],
          files: [
            { name: 'Facility plan floors 1-4.pdf', mime: 'application/pdf', size: 1_840_000 },
            {
              name: 'Head count by team.xlsx',
              mime: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
              size: 48_200,
            },
          ],
          body: { signature: 'Carl Brandt\nHead of Facilities, Acme Logistics GmbH\n+49 431 555 0134' },
        },
      )
      .event(
        22 * HOUR - MINUTE,
        mira.id,
        { type: 'ownerChanged', owner: anna.id, how: 'assigned', context: null },
        {
          type: 'fieldsChanged',
          category: 'quoteRequest',
          priority: 'high',
          value: euro(18_000),
          company: null,
          subject: null,
        },
      )
      .owned(anna.id, 21 * HOUR)
      .note(
        mira.id,
        '@Anna they asked in 2024 too, we lost on delivery time. Ben promised them 6 weeks back then.',
        21 * HOUR,
        [anna.id],
      )
      .in(
        'One more thing: could we have the first ten before Easter? Then I can show them to the board.',
        63 * MINUTE,
        {
          body: {
            quoted:
              'Am 25.11.2026 um 16:41 schrieb Carl Brandt:\n> Could you quote forty booths including delivery and a service plan?',
          },
        },
      )
      .set({ nextStep: { text: 'Send the quote with delivery dates', by: anna.id, at: NOW - HOUR } })
      .due(38 * MINUTE, 'chosen', 'Quote to Carl')
      .unread(),

    story(
      1038,
      'Tobias Krämer',
      't.kraemer@stadtwerke-ulm.example',
      'Stadtwerke Ulm',
      'Offer for 12 Solo booths',
      9 * DAY,
    )
      .set({ category: 'quoteRequest', value: euro(61_200) })
      .in(
        'Sehr geehrte Damen und Herren,\n\nwir benötigen ein Angebot über zwölf Telefonkabinen für das neue Kundenzentrum, Lieferung im Februar.',
        9 * DAY,
      )
      .out(
        anna.id,
        'Sehr geehrter Herr Krämer,\n\nvielen Dank. Sie bekommen das überarbeitete Angebot mit Serviceplan bis Dienstag.\n\nBeste Grüße\nAnna Berger',
        6 * DAY,
        {
          after: { type: 'iOwe', what: 'revised offer with service plan', due: NOW - 2 * DAY },
        },
      )
      .due(-2 * DAY - 2 * HOUR, 'owed', 'revised offer with service plan')
      .set({
        nextStep: { text: 'Revised offer with service plan', by: anna.id, at: NOW - 6 * DAY },
        priority: 'high',
      }),

    story(
      1031,
      'Nadia Haddad',
      'nadia@liwan-studio.example',
      'Liwan Studio',
      'Two Duos for a film studio',
      8 * DAY,
    )
      .in(
        'Hi, we edit films and need two rooms in which nobody hears the director. How loud is it inside?',
        8 * DAY,
      )
      .out(
        anna.id,
        'Dear Nadia,\n\ninside it is as quiet as a library. I will send you the measured curves.',
        7 * DAY,
      )
      .due(-5 * HOUR, 'chase'),

    story(
      1044,
      'Lucía Pérez',
      'lucia@mensajeria-sol.example',
      'Mensajería Sol',
      'Demostración la próxima semana',
      4 * DAY,
    )
      .set({ category: 'demo' })
      .in(
        'Buenos días:\n\n¿Sería posible ver una cabina en Madrid la próxima semana? Somos quince personas.',
        4 * DAY,
      )
      .out(
        anna.id,
        'Buenos días, Lucía:\n\nel jueves estamos en Madrid, ¿le va bien a las once?\n\nUn saludo,\nAnna',
        3 * DAY,
      )
      .due(58 * MINUTE, 'chase')
      .set({ nextStep: { text: 'Fix the demo in Madrid', by: anna.id, at: NOW - 3 * DAY } }),

    story(1040, 'Hanna Vogt', 'hanna@hof-vogt.example', 'Hof Vogt', 'AW: Probesitzen am Samstag?', 5 * DAY)
      .set({ category: 'quoteRequest', value: euro(9_200) })
      .in('Hallo, wir hätten gern ein Angebot für einen Duo im Hofladen.', 5 * DAY)
      .out(anna.id, 'Liebe Frau Vogt, ein Duo in Salbei kostet 9.200 €, Lieferung inklusive.', 3 * DAY, {
        quote: euro(9_200),
      })
      .owned(anna.id, 5 * DAY)
      .in('Passt der Preis auch mit zwei Akkus? Dann würden wir am Samstag gleich zusagen.', 3 * HOUR)
      .turn('answeredQuote')
      .due(3 * HOUR + 38 * MINUTE, 'chosen')
      .unread(),

    story(
      1043,
      'Mark Osei',
      'mark@kumasi-couriers.example',
      'Kumasi Couriers',
      'Re: Booth pricing 2027',
      6 * DAY,
    )
      .set({ category: 'expansion', value: euro(14_700) })
      .in('Do the 2027 prices already hold for orders this year?', 6 * DAY)
      .out(anna.id, 'Hi Mark, they do, from the first of December.', 5 * DAY)
      .owned(anna.id, 6 * DAY)
      .in('That works for us. What would the lead time be for three Quartets to Accra?', 2 * HOUR)
      .unread(),

    story(
      1037,
      'Elin Johansson',
      'elin@goteborgs-glass.example',
      'Göteborgs Glass',
      'Leasing instead of buying?',
      2 * DAY,
    )
      .owned(ben.id, 2 * DAY)
      .in(
        'Hej! We are a small ice cream company with six carts and one very loud office. Is leasing possible?',
        5 * HOUR,
      )
      .set({
        lock: { token: 7, member: ben.id, device: 'd-ben', since: NOW - MINUTE, cover: false, asked: null },
      }),

    story(
      1046,
      'Jonas Weil',
      'jonas.weil@rheinwerk.example',
      'Rheinwerk',
      'Rückruf wegen Besprechungsraum',
      4 * MINUTE,
    )
      .set({ category: 'newLead', priority: 'urgent' })
      .in(
        'Guten Tag, ich rufe seit zwei Tagen an. Wir eröffnen am 7. Januar und brauchen vorher drei Räume. Geht das noch?',
        4 * MINUTE,
      )
      .unread(),

    story(
      1045,
      'Rosa Dietz',
      'rosa.dietz@blattwerk.example',
      'Blattwerk Verlag',
      'Request a demo',
      12 * MINUTE,
    )
      .set({ category: 'demo' })
      .in(
        'Company size 120, interest: Solo and Duo, as soon as possible. Can we sit in one before we decide?',
        12 * MINUTE,
      )
      .unread(),

    story(1041, '', 'info@cabinet-lefevre.example', null, 'Cabine pour visioconférences', 50 * MINUTE).in(
      'Bonjour, nous sommes un cabinet de six avocats à Lyon. Avez-vous un revendeur en France, ou livrez-vous directement ?',
      50 * MINUTE,
    ),

    story(
      1039,
      'Grace Mwangi',
      'grace@tembo-insurance.example',
      'Tembo Insurance',
      'Quiet rooms for claims handlers',
      3 * DAY,
    )
      .set({ category: 'newLead', value: euro(45_900) })
      .owned(ben.id, 3 * DAY)
      .in('Our handlers talk to people on bad days. They need doors that close.', 3 * DAY)
      .set({
        handoff: {
          from: ben.id,
          to: anna.id,
          context: {
            happened: 'Grace asked for three Duos and a Quartet in Nairobi; I sent the list prices.',
            promised: 'freight to Mombasa by Friday',
            nextStep: 'Ask the forwarder',
          },
          until: NOW + 40 * MINUTE,
        },
      })
      .turn('offered'),

    story(1029, 'Fiona MacLeod', 'fiona@ptarmigan.example', 'Ptarmigan Mutual', 'Order PO 7731', 24 * DAY)
      .in('We would like to order three Duos in sage and one Quartet in clay.', 24 * DAY)
      .out(
        anna.id,
        'Dear Fiona,\n\nwonderful, thank you. The fitters are called Rolf and Timo and they bring their own tea.',
        23 * DAY,
      )
      .set({
        status: 'won',
        closing: { outcome: 'won', reason: 'PO 7731', at: NOW - 23 * DAY, by: anna.id },
        followUp: null,
        value: euro(45_950),
      })
      .turn('over'),

    story(
      1028,
      'Gareth Pugh',
      'gareth@severn-offices.example',
      'Severn Offices',
      'RFQ 2207: 10 acoustic booths',
      36 * DAY,
    )
      .in('Please quote ten booths, class A to ISO 23351-1.', 36 * DAY)
      .out(anna.id, 'Hello Gareth, ten Solos come to €46,060.', 35 * DAY, { quote: euro(46_060) })
      .set({
        status: 'lost',
        closing: {
          outcome: 'lost',
          reason: 'Price, 9 % over the lowest bid',
          at: NOW - 27 * DAY,
          by: anna.id,
        },
        owner: anna.id,
      })
      .turn('over'),
  ];

  const html1 = story(
    1036,
    'Kaffeerösterei Nord',
    'bestellung@roesterei-nord.example',
    'Kaffeerösterei Nord',
    'Unsere Anfrage mit Bildern',
    26 * HOUR,
  )
    .owned(anna.id, 25 * HOUR)
    .in('Moin, anbei unser Grundriss und drei Varianten.', 26 * HOUR, {
      body: {
        html: html(
          '<p>Moin,</p><p>wir planen zwei ruhige Plätze in der Rösterei. Drei Varianten:</p><table><tr><th>Variante</th><th>Räume</th><th>Budget</th></tr><tr><td>A</td><td>2 × Solo</td><td>10.000 €</td></tr><tr><td>B</td><td>1 × Duo</td><td>9.500 €</td></tr><tr><td>C</td><td>1 × Quartett</td><td>15.000 €</td></tr></table><p>Mehr auf <a href="https://roesterei-nord.example/plan">unserer Seite</a> oder <a href="https://track.evil.example/x?u=77">www.roesterei-nord.example</a>.</p><p>Viele Grüße<br>Imke</p>',
        ),
        blockedImages: 3,
        links: [
          { shown: 'unserer Seite', target: 'https://roesterei-nord.example/plan', suspicious: null },
          {
            shown: 'www.roesterei-nord.example',
            target: 'https://track.evil.example/x?u=77',
            suspicious: {
              type: 'otherHost',
              shown: 'www.roesterei-nord.example',
              target: 'track.evil.example',
            },
          },
        ],
      },
    });
  const unknown = story(
    1035,
    'Priya Raman',
    'priya@lotus-clinic.example',
    'Lotus Clinic',
    'Consultation rooms',
    30 * HOUR,
  )
    .in('Do the rooms meet hospital hygiene rules? We would need five.', 30 * HOUR)
    .out(
      anna.id,
      'Dear Priya,\n\nthey do: all surfaces can be disinfected, certificate attached.',
      2 * HOUR,
      {
        state: { type: 'unknown', reason: 'the connection broke after the text was sent' },
      },
    )
    .owned(anna.id, 29 * HOUR);
  const failed = story(1034, 'Marek Novák', 'marek@dilna.example', 'Dílna', 'Cena za tři kabiny', 2 * DAY)
    .in('Dobrý den, kolik by stály tři kabiny s dopravou do Brna?', 2 * DAY)
    .out(anna.id, 'Dobrý den, tři kabiny Solo stojí 14 700 €.', DAY, {
      state: { type: 'failed', reason: '550 5.1.1 marek@dilna.example: recipient address rejected' },
    })
    .owned(anna.id, 2 * DAY);
  const auto = story(
    1033,
    'Sofie Claes',
    'sofie@kade.example',
    'Kade Architecten',
    'Plaatsing in monument',
    5 * DAY,
  )
    .in('Can a booth stand on a wooden floor of 1780?', 5 * DAY)
    .out(anna.id, 'Dear Sofie, it can: 240 kg on four feet.', 4 * DAY)
    .in('I am out of the office until Monday, 30 November.', 4 * DAY - HOUR, {
      kind: 'autoReply',
      returnsAt: NOW + 4 * DAY,
    })
    .set({ status: 'waiting', owner: anna.id })
    .turn('customer')
    .due(4 * DAY, 'chase');
  list.push(html1, unknown, failed, auto);

  const more: [number, string, string, string, string, string][] = [
    [
      1027,
      'Ingrid Solberg',
      'Fjordlys AS',
      'Samples of the felt',
      'Could you send the felt in moss and in rust?',
      'waiting',
    ],
    [
      1026,
      'Paolo Ferraris',
      'Ferraris Impianti',
      'Informazioni Quartet',
      'Vorremmo sapere se il Quartet entra in un ascensore normale.',
      'waiting',
    ],
    [
      1025,
      'Yuki Tanaka',
      'Hoshi Design',
      'Showroom in Tokyo',
      'Is there a place in Tokyo where we can try one?',
      'waiting',
    ],
    [
      1024,
      'Amélie Roche',
      'Roche & Filles',
      'Devis pour deux cabines',
      'Merci pour votre devis, nous le présentons lundi au conseil.',
      'quote',
    ],
    [
      1023,
      'David Lindgren',
      'Norrsken Media',
      'Six Solos for a newsroom',
      'The editors would like to see them in black.',
      'quote',
    ],
    [
      1022,
      'Clara Weiss',
      'Weiss Notare',
      'Angebot zwei Duos',
      'Wir prüfen Ihr Angebot bis Ende der Woche.',
      'quote',
    ],
    [
      1021,
      'Omar Farouk',
      'Delta Shipping',
      'Fire rating of the panels',
      'Our insurer asks for the fire class in writing.',
      'blocked',
    ],
    [
      1020,
      'Ewa Kowalska',
      'Biuro Wisła',
      'Installation at night',
      'Could the fitters come after eight in the evening?',
      'blocked',
    ],
    [
      1019,
      'Henrik Bauer',
      'Bauer Akustik',
      'Partnership in Bavaria',
      'We would like to sell your rooms in the south.',
      'snoozed',
    ],
    [
      1018,
      'Lea Zimmermann',
      'Stadtbibliothek Gera',
      'Haushalt 2027',
      'Bitte melden Sie sich im März noch einmal.',
      'snoozed',
    ],
    [
      1017,
      'Noam Adler',
      'Adler Law',
      'Solo for a law office',
      'The door is 82 cm wide. Is that enough?',
      'waiting',
    ],
    [
      1016,
      'Beatriz Lima',
      'Casa Lima',
      'Cabine para podcast',
      'Precisamos de uma cabine para gravar podcasts.',
      'waiting',
    ],
    [
      1015,
      'Sven Aalto',
      'Aalto Coworking',
      'Ten booths on subscription',
      'Could we pay by the month?',
      'waiting',
    ],
    [1014, 'Ruth Adeyemi', 'Harbour School', 'Reading corners', 'The children voted for yellow.', 'waiting'],
    [1013, 'Peter Horváth', 'Duna Labs', 'Ventilation noise', 'We measured 38 dB next to the fan.', 'mine'],
    [
      1012,
      'Isabel Ortega',
      'Imprenta Belmonte',
      'Cabina en la imprenta',
      '¿Se oye la Heidelberg desde dentro?',
      'mine',
    ],
    [1011, 'Kwame Boateng', 'Accra Audio', 'Reseller terms', 'What discount would a reseller get?', 'ben'],
    [
      1010,
      'Linda Schwarz',
      'Schwarz Immobilien',
      'Vier Solos für die Kanzlei',
      'Wann könnten Sie liefern?',
      'ben',
    ],
    [1009, 'Todd Barker', 'Skylark', 'Need 40 pods ASAP', 'Purple would be perfect.', 'closed'],
    [
      1008,
      'SEO Masters',
      'SEO Masters',
      'Your website could rank higher',
      'We looked at your website and found 17 problems.',
      'vendor',
    ],
    [
      1007,
      'Chiara Conti',
      'Studio Conti',
      'Preventivo',
      'Grazie, per ora abbiamo deciso diversamente.',
      'lost',
    ],
    [1006, 'Oskar Lund', 'Lund Tandläkare', 'Väntrum', 'Tack, vi beställer i januari.', 'closed'],
    [
      1005,
      'Maja Petrović',
      'Sava Bank',
      'Branch offices',
      'We have nineteen branches, could we start with one?',
      'unassigned',
    ],
    [
      1004,
      'Felix Brandl',
      'Brandl Bräu',
      'Telefonzelle im Sudhaus',
      'Hält das Holz die Feuchte aus?',
      'unassigned',
    ],
  ];
  more.forEach(([number, name, company, subject, text, kind], index) => {
    const email = `${name.split(' ')[0]?.toLowerCase().normalize('NFD').replace(/\W/g, '') ?? 'x'}@${company
      .toLowerCase()
      .normalize('NFD')
      .replace(/[^a-z]/g, '')}.example`;
    const age = (index + 2) * 9 * HOUR;
    const one = story(number, name, email, company, subject, age + DAY).in(text, age);
    if (kind === 'waiting')
      one
        .out(anna.id, 'Thank you, here is what you asked for.', age - HOUR)
        .due((index + 1) * 11 * HOUR, 'chase');
    if (kind === 'quote')
      one
        .set({ value: euro(9_000 + index * 2_450) })
        .out(anna.id, 'Here is our offer.', age - HOUR, { quote: euro(9_000 + index * 2_450) })
        .due((index + 2) * 10 * HOUR, 'chase');
    if (kind === 'blocked')
      one
        .owned(anna.id, age)
        .set({
          status: 'needsInput',
          blocked: {
            on: index % 2 ? mira.id : tomas.id,
            address: null,
            text: 'certificate and dates',
            since: NOW - DAY,
            before: 'assigned',
          },
        })
        .turn('colleague');
    if (kind === 'snoozed')
      one
        .owned(anna.id, age)
        .set({
          snoozed: { until: NOW + (index + 2) * DAY, zone: 'Europe/Berlin', by: anna.id, since: NOW - DAY },
        })
        .turn('snoozed');
    if (kind === 'mine') one.owned(anna.id, age);
    if (kind === 'ben') one.owned(ben.id, age);
    if (kind === 'closed' || kind === 'lost' || kind === 'vendor')
      one
        .set({
          owner: anna.id,
          status: kind === 'lost' ? 'lost' : 'closed',
          closing: {
            outcome: kind === 'lost' ? 'lost' : kind === 'vendor' ? 'unqualified' : 'noResponse',
            reason: null,
            at: NOW - age + HOUR,
            by: anna.id,
          },
        })
        .turn('over');
    list.push(one);
  });
  return list.map((one) => one.scene);
}
