package seed

import (
	"fmt"
	"strings"

	"usher/internal/identity"
)

// The names that people and organizations are made of. None is anybody's: the
// combinations come from chance.
var (
	firstNames = strings.Fields(`Ada Aisha Akira Alan Alma Amara Andrei Anna Arjun Astrid Benoit Bianca Carlos
		Chidi Chloe Clara Dalia Daniel Diego Dmitri Edith Elena Elias Emeka Emma Erik Esther Fatima Felix Fiona
		Gabriel Grace Greta Hana Hugo Ida Ines Ingrid Ivan Jamal Jana Jonas Jorge Julia Kaito Karin Kenji Lars
		Laila Leila Leon Liam Lina Lucia Lukas Mai Malik Marco Maria Mateo Mei Mika Mina Mohamed Nadia Naomi Nils
		Noor Olga Olivia Omar Oskar Paula Pavel Petra Priya Rafael Ravi Rosa Ruth Samir Sara Sofia Sven Tariq
		Thea Tomas Uma Valentina Victor Wei Yara Yusuf Zara Zoe`)
	lastNames = strings.Fields(`Abe Adeyemi Andersson Aziz Bauer Becker Berg Bianchi Castro Chen Cohen Costa
		Dahl Diaz Dubois Eriksen Fischer Flores Fontaine Fujita Garcia Gruber Gupta Haddad Hansen Hayashi Hoffmann
		Holm Ibrahim Ito Ivanova Jansen Jensen Kang Kaya Keller Khan Kim Klein Kowalski Kumar Lange Larsen Lee
		Lehmann Lindgren Lopez Lovelace Maier Marino Martin Mendes Meyer Mori Moreau Moser Nakamura Ndiaye Nguyen
		Nielsen Novak Okafor Olsen Ortiz Osei Park Patel Pereira Petrov Popov Qureshi Ramos Reyes Richter Rossi
		Sato Schmidt Silva Singh Sokolov Suzuki Tanaka Torres Tran Vargas Vogel Wagner Wang Weber Winkler Wolf
		Yamada Yilmaz Zhang Ziegler`)
	companyFirst = strings.Fields(`Alder Amber Anchor Apex Aurora Basalt Beacon Birch Blue Bright Cedar Cobalt
		Copper Coral Crest Delta Ember Falcon Fern Forge Garnet Glacier Granite Harbor Hazel Heron Indigo Iron Ivory
		Juniper Keystone Lark Laurel Lumen Maple Meridian Mosaic North Nova Oak Onyx Orchid Osprey Pine Polar Prism
		Quartz Raven Ridge River Rowan Sable Sequoia Silver Slate Sparrow Stone Summit Terra Tidal Topaz Umber
		Vale Vertex Willow Wren Zephyr`)
	companySecond = strings.Fields(`Analytics Bank Biotech Builders Capital Cargo Clinic Design Dynamics Energy
		Engineering Farms Finance Foods Freight Games Health Hotels Insurance Labs Law Logistics Marine Media
		Mining Mobility Motors Networks Optics Partners Pharma Power Press Rail Research Retail Robotics Schools
		Security Software Solar Steel Studios Systems Telecom Textiles Tools Travel Ventures Water Works`)
	companyForm = strings.Fields(`Inc GmbH AB Ltd SA BV LLC Oy`)
)

// company is the name of an organization, its slug and its domain. A top-level
// domain "test" is nobody's (RFC 6761): no mail and no sign-in gets anywhere.
func (f *filler) company(i int) (name, slug string, domain identity.Domain) {
	first, second := pick(f, companyFirst), pick(f, companySecond)
	slug = strings.ToLower(fmt.Sprintf("%s-%s-%d", first, second, i+1))
	return first + " " + second + " " + pick(f, companyForm), slug, identity.Domain(slug + ".test")
}

// address is a person's, unique at the domain by its number.
func address(first, last string, n int, domain identity.Domain) identity.Email {
	return identity.Email(strings.ToLower(fmt.Sprintf("%s.%s%d@%s", first, last, n, domain)))
}
