"""Labelled sentences for score.rs, made from the templates and identities of PyPI's presidio-evaluator (MIT).

    python3 -m venv /tmp/presidio
    /tmp/presidio/bin/pip install --no-deps presidio-evaluator==0.3.2
    /tmp/presidio/bin/pip install faker pandas tqdm pyyaml
    /tmp/presidio/bin/python crates/masking/examples/presidio.py 3000 |
        cargo run --release -p tidegate-masking --example score

Its identities are licensed CC BY-SA 3.0 and are not part of this project: they are used where they were installed.
"""

import contextlib
import json
import random
import sys
import types

# What only its evaluation of language models needs, and the generator imports on the way.
for name in ["spacy", "spacy.tokens", "spacy.training", "spacy.cli", "spacy.language", "presidio_analyzer",
             "presidio_analyzer.nlp_engine", "presidio_anonymizer", "presidio_anonymizer.entities", "sklearn",
             "sklearn.metrics", "sklearn.model_selection", "plotly", "plotly.express", "plotly.graph_objects", "xmltodict",
             "matplotlib", "matplotlib.pyplot", "schwifty", "azure", "azure.ai", "azure.core", "transformers", "flair",
             "requests", "dotenv"]:
    if name not in sys.modules:
        try:
            __import__(name)
        except ImportError:
            module = types.ModuleType(name)
            module.__path__ = []
            module.__getattr__ = lambda attribute: type(attribute, (), {})
            sys.modules[name] = module

import requests

def nowhere(*_arguments, **_named):
    """Names of hospitals would be asked for at Wikidata; without an answer the package has some of its own."""
    raise OSError("not asked for")


requests.get = nowhere

from faker import Faker
from presidio_evaluator.data_generator import PresidioSentenceFaker

NAMES = {"CREDIT_CARD": "card", "IBAN_CODE": "iban", "US_SSN": "ssn", "EMAIL_ADDRESS": "email", "IP_ADDRESS": "ip",
         "PHONE_NUMBER": "phone"}


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    random.seed(7)
    Faker.seed(7)
    # It says what it does on standard output.
    with contextlib.redirect_stdout(sys.stderr):
        sentences = PresidioSentenceFaker("en_US", lower_case_ratio=0.05, random_seed=7)
    for sample in sentences.generate_new_fake_sentences(num_samples=count):
        text = sample.full_text
        spans = []
        for span in sample.spans:
            start = len(text[:span.start_position].encode())
            spans.append({"start": start, "end": start + len(text[span.start_position:span.end_position].encode()),
                          "detector": NAMES.get(span.entity_type, span.entity_type)})
        print(json.dumps({"text": text, "spans": spans}))


main()
