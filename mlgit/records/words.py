"""The words that human names of runs are made of."""

from __future__ import annotations

_ADJECTIVES = (
    "able agile amber ample apt azure bold brave breezy bright brisk bronze calm candid cheery"
    " chief civil clean clear clever cool coral cosmic cosy crisp curious dapper daring deft"
    " dusty eager early earnest easy elated epic equal even exact fair famous fancy fast fine"
    " firm fleet fluent fond frank free fresh gentle giddy glad golden good grand green handy"
    " happy hardy hazel hearty honest humble ideal indigo ivory jade jolly jovial keen kind"
    " late light lilac lively loyal lucid lucky lunar magic major mellow merry mighty mild"
    " misty modest neat new nimble noble novel olive open patient plain playful plucky polite"
    " prime proud pure quick quiet quirky rapid ready red robust rosy royal rustic sage"
    " sandy serene sharp shiny silver simple sleek smart snug solar"
)

_ANIMALS = (
    "ant badger bat bear beaver bee beetle bison boar bobcat buck camel carp cat cheetah"
    " chough cicada clam cobra cod colt condor coot coyote crab crane cricket crow cub curlew"
    " deer dingo dodo dog dolphin donkey dove drake duck eagle eel egret elk emu ermine falcon"
    " fawn ferret finch fish flea fly fox frog gazelle gecko gibbon giraffe gnu goat goose"
    " grebe grouse gull hare hawk hen heron horse hyena ibex ibis iguana impala jackal jaguar"
    " jay kestrel kite kiwi koala lamb lark lemur leopard lion lizard llama lobster lynx macaw"
    " magpie mantis marlin marmot marten mink mole moose moth mouse mule newt ocelot octopus"
    " okapi oriole osprey ostrich otter owl ox oyster panda panther parrot pelican penguin"
    " perch pigeon pony puffin puma quail rabbit raven robin salmon"
)

ADJECTIVES = tuple(_ADJECTIVES.split())
ANIMALS = tuple(_ANIMALS.split())
