"""The words of invented districts: names from many places, subjects, streets."""

from __future__ import annotations

import unicodedata

_GIVEN = """
    Abebe Adela Aditi Ainhoa Akua Amina Anaïs Anneke Arjun Asel Ayumi Baraka Beatriz Bram Brigid Candela Cédric
    Chidi Coralie Dalia Dawit Delphine Dinh Dorothea Eero Efua Eilidh Élodie Emeka Esra Fadila Faiza Femi Fiorella
    Fumiko Gaspard Gudrun Gwen Hadiza Haruto Hedda Hyun Ilse Ines Ingrid Itzel Ivo Jaya Jelena Jorge Juma Kaito
    Kalani Katarzyna Kavya Kerstin Kofi Kwame Laleh Leilani Linnea Lerato Ludmila Maeve Mahalia Makoa Malia Manuela
    Mateus Meera Minh Mirjam Nadia Nanami Naveen Neema Ngozi Nikolai Nilufar Oana Odalys Oisín Olamide Oskar Paloma
    Parisa Petra Pilar Quang Rahel Raúl Renata Rohan Rosalind Saoirse Sakura Selam Shirin Sione Soledad Suda Sunniva
    Tadeo Takoda Tamar Tariq Temur Thandiwe Tomasz Tuyet Ulrike Upendo Valeria Veikko Wanjiru Wiktor Xiomara Yael
    Yared Yerlan Yuki Zainab Zephyr Zofia Zuleika
"""
GIVEN = tuple(_GIVEN.split())
_FAMILY = """
    Abara Achterberg Adeyemi Aguirre Akhtar Alvarado Amsel Andersson Arslan Asante Aydın Babiak Bakare Banerjee
    Barrientos Batbayar Begum Bielak Bouchard Brankov Buthelezi Calloway Castellanos Chakraborty Cho Ciobanu Dahl
    Dalisay De-la-Cruz Dembélé Desta Devereux Dlamini Duarte Ekström Elkhoury Espinoza Fairweather Fofana Fonoti
    Fraser-Hale Gbadamosi Ghosh Goldberg Greyeyes Guðjónsson Haddad Halvorsen Haokip Hashimoto Herrera Hidalgo Hoang
    Ibekwe Iwasaki Jafari Jaworski Kalantari Kamau Karimov Kealoha Khumalo Kipchoge Kobayashi Kovačević Kuznetsov
    Lagunas Langat Leclair Lindqvist Luong Mac-Namara Madaki Maduro Mahlangu Marchetti Mbeki Medeiros Mendoza Mensah
    Mokoena Montoya Morozova Mwangi Nakamura Ndiaye Nowak Obi Ochoa Odhiambo Okafor Oliveira O'Shaughnessy Ouédraogo
    Paredes Park Pavlenko Petrosyan Phiri Pomeroy Quispe Qureshi Rahimi Rajan Rasmussen Restrepo Rosales Saldaña
    Sandoval Sato Schreiber Sesay Shrestha Sithole Sokolov Sørensen Tafoya Takahashi Tanaka Tapia Tesfaye Thapa
    Toledano Tuiasosopo Ulloa Vaillancourt Valdivia Van-der-Meer Villanueva Wainwright Waweru Whitehorse Wierzbicki
    Yamamoto Yeboah Yılmaz Zamora Zapata Zhao Zielinski
"""
FAMILY = tuple(_FAMILY.split())
MIDDLE = ("", "", "", "Inés", "J.", "Mei", "Ray", "Wren")
SUBJECTS = (  # title, subject, code
    ("Algebra", "Mathematics", "02052"),
    ("Geometry", "Mathematics", "02072"),
    ("Language Arts", "English", "01028"),
    ("Reading, Grade Level", "English", "01046"),
    ("World History", "Social Studies", "04051"),
    ("Civics", "Social Studies", "04161"),
    ("Biology", "Science", "03051"),
    ("Chemistry", "Science", "03101"),
    ("Studio Art", "Arts", "05154"),
    ("Choir", "Arts", "05110"),
    ("Spanish", "World Languages", "06101"),
    ("Computing", "Technology", "10012"),
    ("Physical Education", "Health", "08005"),
)
GRADES = ("KG", *(f"{grade:02}" for grade in range(1, 13)))
_PLACES = """
    Alder Basalt Birch Bluestem Canyon Cedar Cinder Clearwater Cottonwood Dogwood Elkhorn Fern Foxglove Granite
    Heron Hickory Juniper Larkspur Linden Magnolia Meadow Mesa Osprey Pinyon Prairie Quarry Redbud Sagebrush Spruce
    Sumac Sycamore Tamarack Thistle Willow
"""
PLACES = tuple(_PLACES.split())


def plain(name: str) -> str:
    """The name as it stands in a username: small letters without accents."""
    folded = unicodedata.normalize("NFKD", name.translate(str.maketrans("øðı", "odi")))
    return "".join(c for c in folded if c.isascii() and c.isalpha()).lower()
