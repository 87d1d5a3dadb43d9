package message

// Raw is every message as it is in the files: by language, key and plural form.
func Raw() (map[string]map[string]map[string]string, error) {
	all, err := books()
	if err != nil {
		return nil, err
	}
	raw := map[string]map[string]map[string]string{}
	for lang, b := range all {
		raw[lang] = map[string]map[string]string{}
		for key, e := range b.messages {
			raw[lang][key] = map[string]string{}
			for name, form := range forms {
				if text, ok := e[form]; ok {
					raw[lang][key][name] = text
				}
			}
		}
	}
	return raw, nil
}
