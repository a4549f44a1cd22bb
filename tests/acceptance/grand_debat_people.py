"""Six people at the Grand Débat's questionnaire on ecology: what each says, and what has to be left of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CLIMATE = "Les dérèglements climatiques (crue, sécheresse)"
SPECIES = "La biodiversité et la disparition de certaines espèces"
NO_CAR = "Je n'utilise pas la voiture pour des déplacements quotidiens"

# -- in terminals: a line a message ------------------------------------------------------------------------------

MONIQUE = """\
bonjour
1
Oui, commencer
1
/retour
Le bruit
Moins d'avions
oui
La chaleur, l'été
NON
Un bus le soir
/passer
1
=2+3
non
le vélo, le covoiturage
La région
/passer
Merci de demander ; c'est rare
Corriger une réponse
3
Non
Envoyer
"""
"""She changes her first answer by Back, and at the recap one that another question hangs on."""

KARIM_BEGINS = """\
oui, commencer
3
/passer
Non
Oui
Je trie, et je marche
-20 % sur les billets de train
stop
2
"""
KARIM_GOES_ON = """\
continuer
+ d'aides
non
Oui
Des pistes "continues"
/passer
/passer
corriger
9
3
corriger une réponse
1
Ne rien changer
Envoyer
"""
"""He stops, and goes on in a terminal opened later; not using a car takes a question away again."""

JEANNE = """\
oui, commencer
La pollution de l'air
Je ne sais pas
oui
Moins d'hirondelles
Non
Rien
Rien
Non
Non
Les transports en commun
Une charrette à cheval
4
C'est tout
L'État
Être un exemple
@tous : merci
10
Changer
Un tandem
4
c'est tout
Envoyer
"""
"""She takes several ways, one in her own words; at the recap she takes them all back and says others."""

PAUL = "oui, commencer\n1\nPlus tard\n"
"""He has no time left at the third question, and never comes back."""

# -- on the page: taps where a choice reads so -------------------------------------------------------------------

ANNE = (
    *(SPECIES, "Des haies.\nDes mares.", "Retour", "Des haies, des mares.\nEt du temps.", "Non", "Oui"),
    *("Je composte <b>tout</b>", "Passer", "Passer", "Oui", "Une aide simple", "Non"),
    *("Le covoiturage", "L'auto partage", "Retour", "Le vélo", "Monter à cheval", "C'est tout", "La commune"),
    *("Passer", "Passer", "Corriger une réponse", "1", "Ne rien changer", "Envoyer"),
)
LUC = (
    *("Les pesticides", "Passer", "Passer", "Non", "Rien de plus", "Passer", "Passer", NO_CAR, "Donner l'exemple"),
    *("Passer", "Corriger une réponse", "8", "Oui", "Plus de trains", "Envoyer"),
)
LUC_LATER = ("corriger", "Corriger une réponse", "3", "Oui", "Le gel en mai", "Envoyer")
"""Once it is sent, he says after all that climate change touches him; only this counts then."""

# -- what is left of it, in the order it was sent: by question, with a + for an answer in one's own words ----------

LEFT: Sequence[tuple[str, Mapping[str, str]]] = (
    (
        "terminal",
        {
            "q160": "Autre",
            "q160+": "Le bruit",
            "q161": "Moins d'avions",
            "q146": "Non",
            "q148": "Non",
            "q150": "Un bus le soir",
            "q152": "Oui",
            "q153": "=2+3",
            "q154": "Non",
            "q207": "Le vélo ; Le covoiturage",
            "q157": "La région",
            "q159": "Merci de demander ; c'est rare",
        },
    ),
    (
        "terminal",
        {
            "q160": CLIMATE,
            "q146": "Non",
            "q148": "Oui",
            "q149": "Je trie, et je marche",
            "q150": "-20 % sur les billets de train",
            "q151": "+ d'aides",
            "q152": "Non",
            "q154": NO_CAR,
        },
    ),
    (
        "terminal",
        {
            "q160": "La pollution de l'air",
            "q161": "Je ne sais pas",
            "q146": "Oui",
            "q147": "Moins d'hirondelles",
            "q148": "Non",
            "q150": "Rien",
            "q151": "Rien",
            "q152": "Non",
            "q154": "Non",
            "q207": "Autre ; Le transport à la demande",
            "q207+": "Un tandem",
            "q157": "L'État",
            "q158": "Être un exemple",
            "q159": "@tous : merci",
        },
    ),
    (
        "web",
        {
            "q160": SPECIES,
            "q161": "Des haies, des mares.\nEt du temps.",
            "q146": "Non",
            "q148": "Oui",
            "q149": "Je composte <b>tout</b>",
            "q152": "Oui",
            "q153": "Une aide simple",
            "q154": "Non",
            "q207": "Le covoiturage ; Le vélo ; Autre",
            "q207+": "Monter à cheval",
            "q157": "La commune",
        },
    ),
    (
        "web",
        {
            "q160": "Autre",
            "q160+": "Les pesticides",
            "q146": "Oui",
            "q147": "Le gel en mai",
            "q148": "Non",
            "q150": "Rien de plus",
            "q154": "Oui",
            "q155": "Plus de trains",
            "q158": "Donner l'exemple",
        },
    ),
)
FORMULAS = ("=2+3", "-20 % sur les billets de train", "+ d'aides", "@tous : merci")
"""What a spreadsheet would run, were there no apostrophe before it in the CSV."""
