"""scikit-learn's MLPClassifier. Its output layer is softmax, with log-loss: rate 0.3."""
import warnings
from sklearn.neural_network import MLPClassifier
from mnist import batch, hidden, load, say
from timing import best

warnings.filterwarnings("ignore")
x, y, tx, ty = load()
epochs = 3
net = MLPClassifier((hidden, hidden), activation="logistic", solver="sgd", batch_size=batch, learning_rate_init=0.3,
                    momentum=0, alpha=0, max_iter=epochs, tol=0, n_iter_no_change=100, random_state=1)
say("scikit-learn", "epoch s", best(lambda: net.fit(x, y), 1) / epochs)
if (hidden, batch) == (16, 10):
    say("scikit-learn", "accuracy after 3 %", net.score(tx, ty) * 100)
    say("scikit-learn", "one prediction µs", best(lambda: [net.predict(tx[i:i + 1]) for i in range(2000)], 3) / 2000 * 1e6)
    say("scikit-learn", "10,000 at once /s", 1e4 / best(lambda: net.predict(tx), 10))
