# The errors that examples/java/.../RegressionOnCsv.java compares itself with: least squares on the same wines, and the
# mean of the training data. Run from the root of the project: python3 src/test/resources/oracle/wine.py
import csv

import numpy as np

with open("examples/data/csv/wine.csv") as file:
    rows = list(csv.DictReader(file))
names = [
    "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids", "nonflavanoid_phenols",
    "proanthocyanins", "color_intensity", "hue", "od280_od315", "proline",
]
x = np.array([[float(row[name]) for name in names] + [1.0] for row in rows])
y = np.array([float(row["alcohol"]) for row in rows])
validation = np.arange(len(y)) % 4 == 3
weights = np.linalg.lstsq(x[~validation], y[~validation], rcond=None)[0]


def rmse(prediction):
    return np.sqrt(np.mean((prediction - y[validation]) ** 2))


print("least squares %.3f" % rmse(x[validation] @ weights))
print("mean %.3f" % rmse(y[~validation].mean()))
