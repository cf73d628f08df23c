const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const ADVERBS = words(`
  ably amply aptly barely boldly bravely briefly brightly calmly clearly closely coolly daily deeply duly early easily evenly fairly
  finely firmly fondly freely freshly fully gently gladly greatly happily hardly highly jointly keenly kindly largely lately lightly
  loosely loudly mainly mildly mostly neatly nicely openly partly plainly purely quickly quietly rarely readily really richly rightly
  safely sharply simply slowly smoothly softly solely soundly steadily surely swiftly truly vastly warmly widely wisely
`);

export const ADJECTIVES = words(`
  able active agile alert amber ample apt blue bold brave breezy brief bright brisk busy calm candid careful cheerful chief civil
  clean clear clever cosy crisp curious daring deep eager early easy elegant even fair famous fast fine firm fluent fond free fresh
  full gentle glad golden good grand great green handy happy hardy honest humble ideal jolly just keen kind large lasting light lively
  loyal lucky magic major mellow merry mighty mild modest neat noble novel open patient polite prime proud pure quick quiet rapid
  rare ready rich robust rosy sharp shiny silent simple sincere smart smooth social solid sound stable steady still strong sunny
  super sure sweet swift tender tidy topical tough trusty upright useful valid vast vivid warm wise witty worthy young
`);

export const ANIMALS = words(`
  adder albatross alpaca anchovy ant antelope badger barnacle bass bat bear beaver bee beetle bison boar bobcat buffalo bullfrog
  buzzard camel caribou carp cat caterpillar cheetah chicken chipmunk cicada clam cobra cod condor coral cougar cow coyote crab crane
  crayfish cricket crow deer dingo dog dolphin donkey dove dragonfly duck eagle eel egret elk emu falcon ferret finch firefly flamingo
  fox frog gannet gazelle gecko gibbon giraffe goat goose gopher grouse gull hamster hare hawk hedgehog heron herring hippo hornet
  horse hyena ibex iguana impala jackal jaguar jay kangaroo kestrel kitten kiwi koala ladybug lamb lark lemming lemur leopard lion
  lizard llama lobster lynx macaw magpie mallard manatee marmot marten meerkat mink mole monkey moose moth mouse mule muskrat newt
  ocelot octopus opossum orca oriole osprey ostrich otter owl ox oyster panda panther parrot partridge pelican penguin perch pheasant
  pigeon pika pony porpoise puffin puma quail rabbit raccoon ram raven ray reindeer robin rooster salmon seal shark sheep shrew
  shrimp skunk sloth snail sparrow spider sponge squid squirrel stag starling stork swallow swan swift tapir tern tiger toad tortoise
  toucan trout turkey turtle viper vole vulture wallaby walrus weasel whale wolf wombat woodcock wren yak zebra
`);
