package shm_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	shm "foundation/shm"
)

func Example() {
	client, err := shm.Open("engine", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	result, err := client.Infer(ctx, "sentiment", shm.Of(make([]float32, 256), 1, 256))
	switch {
	case errors.Is(err, shm.ErrUnknownModel):
		log.Print("the engine does not serve that model: ", err)
	case err != nil:
		log.Print(err)
	default:
		scores, _ := shm.Values[float32](result.Outputs[0])
		fmt.Println(scores)
	}
}
