"""A synthetic Amazon Video Games data set of full size (497,000 reviews, 84,000 metadata lines), and the rules of its preparation in plain Python
(taken over from tools/golden/own_prepare.py), the peer that ours is timed against.

    data_games.py write FOLDER [--seed 1] [--reviews 497577]     writes the raw files
    data_games.py prepare FOLDER OUT                             makes train.json, valid.json, test.json; prints the seconds it took
"""
import argparse
import json
import os
import random
import time

USERS, ITEMS, METADATA = 55_223, 17_408, 84_819  # as the original has
WORDS = ("amber anchor autumn badge basil beacon birch bramble bronze canyon cedar cinder clover cobalt comet copper coral crimson dagger delta drift "
         "ember falcon fable fern flint forest garnet glacier granite harbor hazel hollow indigo iron ivory jasper juniper lantern linen lotus maple "
         "marble meadow mist nectar oak olive onyx orbit otter pearl pepper pine plum prairie quartz quill raven reed ridge river rose saffron sage "
         "shadow silver slate sparrow spruce storm summit sunset thistle timber topaz tulip valley velvet violet walnut willow winter wren zephyr").split()
TAILS = [" - Nintendo DS", " - Xbox 360", "", " - PlayStation 3", " - PC", ": Gold Edition", " \"Special\" Pack", " & Friends"]
FILES = ("Video_Games_5.json", "meta_Video_Games.json", "id2name.txt")
TASK = "Given a list of video games the user has played before, please recommend a new video game that the user likes to the user."
LEAD = "The user has played the following video games before:"


def text(rng, longest):
    words = [rng.choice(WORDS) for _ in range(int(rng.expovariate(6 / longest)) + 2)]
    for k in range(0, len(words), 23):
        words[k] = words[k].capitalize() + rng.choice(["", ",", ".", "\n", " \"it\"", "\u00e9"])
    return " ".join(words)


def write(folder, seed, reviews):
    rng = random.Random(seed)
    os.makedirs(folder, exist_ok=True)
    review_file, meta_file, list_file = (os.path.join(folder, name) for name in FILES)
    texts = [json.dumps(text(rng, 700)) for _ in range(4000)]
    asins = ["B%09d" % k for k in rng.sample(range(10 ** 9), METADATA)]
    titles = [" ".join(rng.choice(WORDS).capitalize() for _ in range(rng.randint(2, 6))) + rng.choice(TAILS) for _ in range(METADATA)]
    pages = [json.dumps([text(rng, 1500), text(rng, 1500)]) for _ in range(1000)]
    with open(meta_file, "w", encoding="utf-8") as file:
        for asin, title in zip(asins, titles):
            also = json.dumps(rng.choices(asins, k=rng.randrange(60)))
            file.write('{"category": ["Video Games"], "tech1": "", "description": %s, "fit": "", "title": %s, "also_buy": %s, "tech2": "", "brand": "Zephyr", '
                       '"feature": [], "rank": ">#%d in Video Games", "also_view": %s, "main_cat": "Video Games", "price": "$9.99", "asin": "%s"}\n'
                       % (rng.choice(pages), json.dumps(title), also, rng.randrange(10 ** 6), also, asin))
    sizes = [5 + min(int(rng.paretovariate(1.25)) - 1, 700) for _ in range(USERS)]
    while sum(sizes) < reviews:
        sizes[rng.randrange(USERS)] += rng.choice([1, 1, 1, 5, 20])
    events = [user for user, size in enumerate(sizes) for _ in range(size)][:reviews]
    rng.shuffle(events)
    with open(review_file, "w", encoding="utf-8") as file:
        for k, user in enumerate(events):
            item = int(ITEMS * rng.random() ** 2)
            file.write('{"overall": %d.0, "verified": true, "reviewTime": "01 1, 2011", "reviewerID": "A%013d", "asin": "%s", "style": {"Format:": " Video Game"}, '
                       '"reviewerName": "N. %d", "reviewText": %s, "summary": "s", "unixReviewTime": %d}\n'
                       % (rng.choice((1, 2, 3, 4, 4, 5, 5, 5, 5)), user * 7_919_113 % 10 ** 13, asins[item], k, rng.choice(texts),
                          86400 * rng.randrange(11_000, 18_000)))
    with open(list_file, "w", encoding="utf-8") as file:
        for k in range(ITEMS):
            file.write("%s\t%d\n" % (titles[k], k))


def quoted(titles):
    return ", ".join('"' + title + '"' for title in titles)


def prepare(folder, out, test=5000, valid=5000):
    review_file, meta_file, list_file = (os.path.join(folder, name) for name in FILES)
    titles = {}
    with open(meta_file, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            title = record.get("title")
            if title is not None and len(title) > 1:
                titles[record["asin"]] = title
    users = {}
    with open(review_file, encoding="utf-8") as file:
        for line in file:
            review = json.loads(line)
            if review["asin"] in titles and "overall" in review and "unixReviewTime" in review:
                users.setdefault(review["reviewerID"], []).append((review["asin"], review["overall"], int(review["unixReviewTime"])))
    samples = []
    for user, events in users.items():
        events.sort(key=lambda event: event[2])
        for i in range(min(10, len(events) - 1), len(events)):
            samples.append((user, events[max(i - 10, 0):i], events[i]))
    samples.sort(key=lambda sample: sample[2][2])
    with open(list_file, encoding="utf-8") as file:
        listed = [line.split("\t")[0] for line in file]
    train = len(samples) - test - valid
    rows = []
    for k, (user, history, target) in enumerate(samples):
        row = {"user id": user, "instruction": TASK, "input": LEAD + quoted([titles[event[0]] for event in history]) + "\n ",
               "output": '"' + titles[target[0]] + '"'}
        if k >= train + valid:
            own = {titles[event[0]] for event in users[user]}
            row["neg_samples"] = random.Random(42).sample([title for title in listed if title not in own], 99)
        rows.append(row)
    for name, part in (("train", rows[:train]), ("valid", rows[train:train + valid]), ("test", rows[train + valid:])):
        with open(os.path.join(out, name + ".json"), "w", encoding="utf-8") as file:
            file.write(json.dumps(part, ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("write")
    one.add_argument("folder")
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--reviews", type=int, default=497_577)
    one = verbs.add_parser("prepare")
    one.add_argument("folder")
    one.add_argument("out")
    options = parser.parse_args()
    if options.verb == "write":
        return write(options.folder, options.seed, options.reviews)
    os.makedirs(options.out, exist_ok=True)
    start = time.perf_counter()
    prepare(options.folder, options.out)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
